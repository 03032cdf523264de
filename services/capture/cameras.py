"""Pictures as they happen: a camera of this machine, or a network stream."""

import re
import threading
from collections.abc import Callable
from typing import Final

import cv2

from services.capture.drawn_face import HEIGHT_PX, WIDTH_PX, Image
from services.capture.errors import SourceError
from services.capture.pictures import Source

OPEN_TIMEOUT_S: Final = 10.0
SILENCE_TIMEOUT_S: Final = 5.0
"""A camera that delivers nothing for so long is taken for gone."""


class CameraSource(Source):
    """A camera or a network stream. Its pictures are taken as they come, and only the newest is kept.

    Args:
        fps: how many pictures a second to read at most.
        name: the device, for a person to read.
        advice: what to do if it cannot be opened.
        capture: opens it; called in the thread that reads.
        open_timeout_s: how long the first picture may take.
    """

    live = True

    def __init__(
        self,
        fps: float,
        name: str,
        advice: str,
        capture: Callable[[], cv2.VideoCapture],
        open_timeout_s: float = OPEN_TIMEOUT_S,
    ) -> None:
        super().__init__(fps)
        self._name = name
        self._advice = advice
        self._open_capture = capture
        self._open_timeout_s = open_timeout_s
        self._changed = threading.Condition()
        self._image: Image | None = None
        self._failed = False
        self._closed = False
        # A driver can hang for ever, and then nothing ends its thread; it must not hold up the end of the program.
        self._thread = threading.Thread(target=self._watch, name=f"capture {name}", daemon=True)

    def open(self) -> None:
        self._thread.start()
        with self._changed:
            self._changed.wait_for(self._settled, self._open_timeout_s)
            if self._image is None and not self._closed:
                raise SourceError(f"{self._name} gives no picture.", self._advice, code="no_picture")

    def read(self) -> Image | None:
        with self._changed:
            self._changed.wait_for(self._settled, SILENCE_TIMEOUT_S)
            image, self._image = self._image, None
            if self._closed:
                return None
        if image is None:
            raise SourceError(f"{self._name} gives no more pictures.", self._advice, code="no_more_pictures")
        return image

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _settled(self) -> bool:
        return self._image is not None or self._failed or self._closed

    def _watch(self) -> None:
        capture = self._open_capture()
        while not self._closed:
            found, image = capture.read()
            with self._changed:
                self._failed = not found
                self._image = image.astype("uint8", copy=False) if found else None
                self._changed.notify_all()
            if not found:
                break
        capture.release()


def local_camera(index: int, fps: float) -> CameraSource:
    """The camera with this number on this machine."""

    def capture() -> cv2.VideoCapture:
        device = cv2.VideoCapture(index)
        device.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH_PX)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT_PX)
        return device

    advice = "Connect it, close other programs that use it, allow access to it, or try --source demo."
    return CameraSource(fps, f"Camera {index}", advice, capture)


def network_camera(url: str, fps: float) -> CameraSource:
    """A stream that FFmpeg can play, such as rtsp://."""

    def capture() -> cv2.VideoCapture:
        milliseconds = int(1000 * OPEN_TIMEOUT_S)
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        return cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)

    advice = "Check the URL, the network and the sign-in, and that it plays elsewhere."
    return CameraSource(fps, f"The stream at {place_of(url)}", advice, capture)


def place_of(url: str) -> str:
    """Where a stream is, for a person to read: host and path, without what may be a password.

    Args:
        url: with "://"; it need not be a valid one.
    """
    address = url.partition("://")[2]
    host = re.split("[/?#]", address)[0]
    # A password with such a mark should have been %-encoded. Where it ends, nobody can say.
    if not host or "@" in address[len(host) :]:
        return "an unnamed host"
    # Some cameras take the password in the path: /user=admin&password=...
    return re.split("[?#&=]", address.rpartition("@")[2])[0]
