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
MISSING_MS: Final = 1000.0
"""How much shorter a clip may be than it states without a word: that length is often an estimate, or its sound's."""
LONGEST_GAP_MS: Final = 1000.0
"""How much longer than was asked for a picture of a clip stands at most, whatever its times say."""
EARLY: Final = 1 / 4
"""How much too early a picture may be, as a share of the time between two that are sent: containers round times."""

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
    """A video file at its own speed, by the times of its pictures; those between two readings are skipped.

    `fps` follows them: a browser records at an uneven rate, and states none.
    """

    live = False

    def __init__(self, fps: float, path: Path) -> None:
        super().__init__(fps)
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        self._interval_ms = 1000 / fps
        self._stated_gap_ms = 0.0
        self._at_ms = self._due_ms = self._sent_ms = 0.0
        self._has_begun = False

    def open(self) -> None:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f"{self._path} is not a video that OpenCV can read.",
                "Name a video (.mp4, .avi, .mov, .mkv, .webm), a picture or a folder of pictures.",
                code="not_a_video",
            )
        stated_fps = capture.get(cv2.CAP_PROP_FPS)
        self._stated_gap_ms = 1000 / stated_fps if stated_fps > 0 else self._interval_ms
        self.fps = 1000 / max(self._interval_ms, self._stated_gap_ms)
        self._capture = capture

    def read(self) -> Image | None:
        while (capture := self._capture) is not None:
            if not capture.grab():
                self._warn_if_short(capture)
                return None
            if self._is_due(capture.get(cv2.CAP_PROP_POS_MSEC)):
                found, image = capture.retrieve()
                return image.astype("uint8", copy=False) if found else None
        return None

    def _warn_if_short(self, capture: cv2.VideoCapture) -> None:
        stated_ms = capture.get(cv2.CAP_PROP_FRAME_COUNT) * self._stated_gap_ms
        read_ms = self._at_ms + self._stated_gap_ms
        if stated_ms - read_ms > MISSING_MS:
            _log.warning(
                "the clip ends early; the file may be cut short or broken",
                file=str(self._path),
                read_s=round(read_ms / 1000, 1),
                stated_s=round(stated_ms / 1000, 1),
            )

    def _is_due(self, told_ms: float) -> bool:
        if not self._has_begun:
            self._has_begun = True
            self._at_ms = self._sent_ms = told_ms
            self._due_ms = told_ms + self._interval_ms
            return True
        # Some files tell no times, or times that go back.
        self._at_ms = told_ms if told_ms > self._at_ms else self._at_ms + self._stated_gap_ms
        if self._at_ms < self._due_ms - EARLY * self._interval_ms:
            return False
        self.fps = 1000 / min(self._at_ms - self._sent_ms, LONGEST_GAP_MS + self._interval_ms)
        self._sent_ms = self._at_ms
        # After a gap the pictures that follow do not make up for it.
        late_ms = self._at_ms - self._due_ms
        self._due_ms += self._interval_ms + (late_ms if late_ms > self._interval_ms else 0)
        return True

    def close(self) -> None:
        # Releasing it would pull it away from a thread that reads; it is released when the last reference is gone.
        self._capture = None
