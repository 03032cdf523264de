"""Pictures that were taken before: a folder of them, or a clip."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import cv2
import structlog

from services.capture.drawn_face import Image
from services.capture.errors import SourceError
from services.capture.pictures import Source

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
UNREADABLE_BYTES: Final = 65_536
"""How much of an unreadable file is sent: enough for the server to say what is wrong."""

_log = structlog.get_logger(__name__)


class FolderSource(Source):
    """Pictures in files, in the order of their names, each once.

    A file that OpenCV cannot read is sent as it is, so that its reading says what is wrong with it; one that cannot be
    read at all is sent as an empty one.
    """

    live = False

    def __init__(self, fps: float, path: Path) -> None:
        super().__init__(fps)
        self._path = path
        self._files: Iterator[Path] = iter(())

    def open(self) -> None:
        try:
            files = [self._path] if self._path.is_file() else sorted(self._path.iterdir())
        except OSError as error:
            raise SourceError(
                f"{self._path} cannot be read: {error.strerror}.",
                "Let this user read it, or name another folder.",
                code="folder_unreadable",
            ) from error
        pictures = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
        if not pictures:
            raise SourceError(
                f"There are no pictures in the folder {self._path}.",
                f"Put files ending in {', '.join(sorted(PICTURE_SUFFIXES))} there, or name another folder.",
                code="folder_without_pictures",
            )
        self._files = iter(pictures)

    def read(self) -> Image | bytes | None:
        file = next(self._files, None)
        if file is None:
            return None
        with suppress(cv2.error):
            image = cv2.imread(str(file))
            if image is not None:
                return image.astype("uint8", copy=False)
        _log.warning("not a readable picture", file=str(file))
        try:
            with file.open("rb") as stream:
                return stream.read(UNREADABLE_BYTES)
        except OSError:
            return b""

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

    def read(self) -> Image | None:
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
        return image.astype("uint8", copy=False) if found else None

    def close(self) -> None:
        # Releasing it would pull it away from a thread that reads; it is released when the last reference is gone.
        self._capture = None
