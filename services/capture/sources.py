"""Which source of pictures a person means."""

import re
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from services.capture.cameras import local_camera, network_camera, place_of
from services.capture.demo import demo_picture
from services.capture.drawn_face import Image
from services.capture.errors import SourceError
from services.capture.pictures import Source
from services.capture.recordings import PICTURE_SUFFIXES, ClipSource, FolderSource


class DemoSource(Source):
    """The drawn face, for ever, at the clip's own speed however often it is read."""

    live = True

    def __init__(self, fps: float) -> None:
        super().__init__(fps)
        self._began_s: float | None = None
        self._noise = np.random.default_rng()

    def open(self) -> None:
        self._began_s = time.monotonic()

    def read(self) -> Image | None:
        return None if self._began_s is None else demo_picture(time.monotonic() - self._began_s, self._noise)

    def close(self) -> None:
        self._began_s = None


def name_of(spec: str) -> str:
    """What a person means, for a person to read: without the password that a URL may hold."""
    return place_of(spec) if "://" in spec else spec


def source_for(spec: str, fps: float) -> Source:
    """The source a person means.

    Args:
        spec: "demo", a camera's number or device (/dev/video0), a URL, or the path of a clip, a picture or a folder.
        fps: pictures a second at most, above 0.

    Raises:
        SourceError: there is nothing at that path.
    """
    if spec == "demo":
        return DemoSource(fps)
    if camera := re.fullmatch(r"(?:/dev/video)?(\d{1,4})", spec):
        return local_camera(int(camera[1]), fps)
    if "://" in spec:
        return network_camera(spec, fps)
    path = Path(spec)
    # The system may not even look: the name is too long, or a folder on the way is closed to this user.
    with suppress(OSError):
        if path.is_dir() or (path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES):
            return FolderSource(fps, path)
        if path.is_file():
            return ClipSource(fps, path)
    raise SourceError(
        f"There is no file or folder {spec}.",
        "Check the path; --source demo needs no camera and no file.",
        code="file_missing",
    )
