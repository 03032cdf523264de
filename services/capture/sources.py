"""Where pictures come from: a camera, a network stream, a clip, a folder, or the demo.

A source blocks, so it is used from threads; `opened` and `frames` are the way to it from asyncio.
"""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

import cv2
import structlog

from services.capture.client import Frame
from services.capture.demo import HEIGHT_PX, WIDTH_PX, Image, demo_frames
from services.capture.errors import SourceError

MAX_SIDE_PX: Final = 1280
"""Larger pictures are scaled down: no face is found better in them, and they only load the line."""
JPEG_QUALITY: Final = 85
OPEN_TIMEOUT_S: Final = 10.0
SILENCE_TIMEOUT_S: Final = 5.0
"""A camera that delivers nothing for so long is taken for gone."""
UNREADABLE_BYTES: Final = 65_536
PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})

_log = structlog.get_logger(__name__)


class Source(ABC):
    """Pictures, one after the other. `close` may be called while another thread reads, and ends that wait."""

    live: ClassVar[bool]
    """Whether old pictures are worthless; those of a recording are all wanted."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        """How many pictures a second to read."""

    @abstractmethod
    def open(self) -> None:
        """Get ready to read.

        Raises:
            SourceError: it cannot be opened.
        """

    @abstractmethod
    def read(self) -> bytes | None:
        """The next picture, as JPEG; None: there are no more.

        Raises:
            SourceError: the source has stopped.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the device or file. Idempotent."""


class DemoSource(Source):
    """The drawn face, for ever."""

    live = True

    def __init__(self, fps: float) -> None:
        super().__init__(fps)
        self._images: Iterator[Image] = iter(())

    def open(self) -> None:
        self._images = demo_frames(self.fps)

    def read(self) -> bytes | None:
        image = next(self._images, None)
        return None if image is None else encode(image)

    def close(self) -> None:
        self._images = iter(())


class FolderSource(Source):
    """Pictures in files, in the order of their names, each once.

    A file that OpenCV cannot read is sent as it is, so that its reading says what is wrong with it.
    """

    live = False

    def __init__(self, fps: float, path: Path) -> None:
        super().__init__(fps)
        self._path = path
        self._files: Iterator[Path] = iter(())

    def open(self) -> None:
        files = [self._path] if self._path.is_file() else sorted(self._path.iterdir())
        pictures = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
        if not pictures:
            raise SourceError(
                f"There are no pictures in the folder {self._path}.",
                f"Put files ending in {', '.join(sorted(PICTURE_SUFFIXES))} there, or name another folder.",
                code="folder_without_pictures",
            )
        self._files = iter(pictures)

    def read(self) -> bytes | None:
        file = next(self._files, None)
        if file is None:
            return None
        image = cv2.imread(str(file))
        if image is None:
            _log.warning("not a readable picture", file=str(file))
            with file.open("rb") as stream:
                return stream.read(UNREADABLE_BYTES)
        return encode(image.astype("uint8", copy=False))

    def close(self) -> None:
        self._files = iter(())


class ClipSource(Source):
    """A video file at its own speed; pictures between two readings are skipped."""

    live = False

    def __init__(self, fps: float, path: Path) -> None:
        super().__init__(fps)
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        self._frames_per_read = 1.0
        self._due = 0.0
        self._next_index = 0

    def open(self) -> None:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f"{self._path} is not a video that OpenCV can read.",
                "Name a video (.mp4, .avi, .mov, .mkv, .webm), a picture or a folder of pictures.",
                code="not_a_video",
            )
        clip_fps = capture.get(cv2.CAP_PROP_FPS)
        if clip_fps > 0:
            self.fps = min(self.fps, clip_fps)
            self._frames_per_read = clip_fps / self.fps
        self._capture = capture

    def read(self) -> bytes | None:
        capture = self._capture
        if capture is None:
            return None
        while self._next_index < int(self._due):
            if not capture.grab():
                return None
            self._next_index += 1
        found, image = capture.read()
        self._next_index += 1
        self._due += self._frames_per_read
        return encode(image.astype("uint8", copy=False)) if found else None

    def close(self) -> None:
        # Releasing it would pull it away from a thread that reads; it is released when the last reference is gone.
        self._capture = None


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

    def read(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(self._settled, SILENCE_TIMEOUT_S)
            image, self._image = self._image, None
            if self._closed:
                return None
        if image is None:
            raise SourceError(f"{self._name} gives no more pictures.", self._advice, code="no_more_pictures")
        return encode(image)

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


def source_for(spec: str, fps: float) -> Source:
    """The source a person means.

    Args:
        spec: "demo", a camera's number, a URL, or the path of a clip, a picture or a folder.
        fps: pictures a second at most, above 0.

    Raises:
        SourceError: there is nothing at that path.
    """
    if spec == "demo":
        return DemoSource(fps)
    if spec.isdecimal():
        return _camera(int(spec), fps)
    if "://" in spec:
        return _network(spec, fps)
    path = Path(spec)
    if path.is_dir() or (path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES):
        return FolderSource(fps, path)
    if path.is_file():
        return ClipSource(fps, path)
    raise SourceError(
        f"There is no file or folder {spec}.",
        "Check the path; --source demo needs no camera and no file.",
        code="file_missing",
    )


def _camera(index: int, fps: float) -> Source:
    def capture() -> cv2.VideoCapture:
        device = cv2.VideoCapture(index)
        device.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH_PX)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT_PX)
        return device

    advice = "Connect it, close other programs that use it, allow access to it, or try --source demo."
    return CameraSource(fps, f"Camera {index}", advice, capture)


def _network(url: str, fps: float) -> Source:
    def capture() -> cv2.VideoCapture:
        milliseconds = int(1000 * OPEN_TIMEOUT_S)
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        return cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)

    # The whole URL may hold a password.
    parts = urlsplit(url)
    name = f"The stream at {parts.hostname or 'an unnamed host'}{parts.path}"
    return CameraSource(fps, name, "Check the URL, the network and the sign-in, and that it plays elsewhere.", capture)


def encode(image: Image) -> bytes:
    """A picture as JPEG, at most `MAX_SIDE_PX` wide and high.

    Args:
        image: uint8, (height, width, 3), BGR, 0..255.
    """
    height, width = image.shape[:2]
    scale = MAX_SIDE_PX / max(height, width)
    if scale < 1:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


@asynccontextmanager
async def opened(source: Source) -> AsyncGenerator[Source]:
    """Keep the source open.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        await asyncio.to_thread(source.open)
        yield source
    finally:
        await asyncio.to_thread(source.close)


async def frames(source: Source) -> AsyncGenerator[Frame]:
    """The pictures of an open source, at its pace, until it ends.

    Raises:
        SourceError: it has stopped.
    """
    due = time.monotonic()
    while (image := await asyncio.to_thread(source.read)) is not None:
        yield Frame(image, datetime.now(UTC))
        # After a delay the pictures go on from now; they do not hurry to catch up.
        due = max(due + 1 / source.fps, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
