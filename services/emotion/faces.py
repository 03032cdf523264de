"""Finds faces with OpenCV's Haar cascade (Viola and Jones, 2001) and cuts them out for the model."""

import os
import threading
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.model import FACE_SIZE_PX
from servicekit.errors import ConfigurationError
from services.emotion.images import GreyImage
from services.emotion.tracks import Box

FaceCrop = NDArray[np.uint8]
"""uint8, (48, 48), 0..255, grey."""

CASCADE: Final = "haarcascade_frontalface_default.xml"


class Search(NamedTuple):
    """How thoroughly to look for faces. The cost grows with the ratio of the two sizes."""

    longest_side_px: int
    """Larger pictures are searched scaled down to this."""
    min_face_px: int
    """The smallest face looked for, in the scaled picture."""
    scale_factor: float
    """How much the window grows from pass to pass."""
    max_faces: int


LIVE: Final = Search(longest_side_px=640, min_face_px=80, scale_factor=1.1, max_faces=4)
STILL: Final = Search(longest_side_px=1280, min_face_px=40, scale_factor=1.1, max_faces=64)


class FoundFace(NamedTuple):
    """A face where it is in the picture and as the model wants it."""

    box: Box
    crop: FaceCrop


class FaceFinder:
    """Safe to use from many threads: a cascade is not, so each thread has its own.

    Raises:
        ConfigurationError: the cascade file does not ship with this OpenCV.
    """

    def __init__(self, cascade: Path | None = None) -> None:
        # Only the headless 4.x wheels have `cv2.data`.
        folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
        self._path = cascade or Path(folder, CASCADE)
        self._local = threading.local()
        self._cascade()

    def _cascade(self) -> cv2.CascadeClassifier:
        if not hasattr(self._local, "cascade"):
            cascade = cv2.CascadeClassifier(os.fspath(self._path)) if self._path.is_file() else None
            if cascade is None or cascade.empty():
                raise ConfigurationError(
                    f"There is no face cascade at {self._path}.", "Install opencv-python-headless >=4.13,<5."
                )
            self._local.cascade = cascade
        return self._local.cascade

    def find(self, grey: GreyImage, search: Search) -> list[FoundFace]:
        """The faces in a picture, the largest first. Blocks for tens of milliseconds: call it off the event loop."""
        scale = min(1.0, search.longest_side_px / max(grey.shape))
        scaled = grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        windows = self._cascade().detectMultiScale(
            scaled,
            scaleFactor=search.scale_factor,
            minNeighbors=5,
            minSize=(search.min_face_px, search.min_face_px),
        )
        boxes = [_unscaled(window, scale, grey) for window in windows]
        boxes.sort(key=lambda box: box.area, reverse=True)
        return [FoundFace(box, crop(grey, box)) for box in boxes[: search.max_faces]]


def _unscaled(window: "cv2.typing.Rect", scale: float, grey: GreyImage) -> Box:
    x, y, width, height = (round(side / scale) for side in window)
    return Box(x, y, min(width, grey.shape[1] - x), min(height, grey.shape[0] - y))


def crop(grey: GreyImage, box: Box) -> FaceCrop:
    """The face as the model wants it. A Haar box frames it as FER-2013 does, so no margin is added."""
    face = grey[box.y : box.y + box.height, box.x : box.x + box.width]
    return cv2.resize(face, (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
