"""Finds faces with OpenCV's Haar cascades (Viola and Jones, 2001) and cuts them out for the model."""

import math
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.model import FACE_SIZE_PX
from servicekit.errors import ConfigurationError
from services.emotion.images import GreyImage, Picture
from services.emotion.tracks import Box

FaceCrop = NDArray[np.uint8]
"""uint8, (48, 48), 0..255, grey."""

FRONTAL: Final = "haarcascade_frontalface_alt2.xml"
ASIDE: Final = "haarcascade_profileface.xml"
"""Sees faces that are turned to one side; those turned to the other in a mirror."""
WINDOW_PX: Final = 20
"""What these cascades were trained on: smaller faces they cannot see."""
MID_GREY: Final = 128
NEIGHBOURS: Final = 2
"""Windows that must agree on a face."""


class Square(NamedTuple):
    """Where a face is: pixels of the whole picture, fractions and all."""

    x: float
    """Of the centre."""
    y: float
    side: float
    roll: float = 0.0
    """Degrees that the head leans, clockwise as seen."""

    def scaled(self, factor: float) -> Self:
        """The same face in a picture scaled by a factor."""
        return self._replace(x=self.x * factor, y=self.y * factor, side=self.side * factor)

    def box(self, size: tuple[int, int]) -> Box:
        """The part of it, not turned, that lies in a picture of (width, height)."""
        left, top = max(0, round(self.x - self.side / 2)), max(0, round(self.y - self.side / 2))
        right, bottom = round(self.x + self.side / 2), round(self.y + self.side / 2)
        return Box(left, top, min(right, size[0]) - left, min(bottom, size[1]) - top)


class Search(NamedTuple):
    """How thoroughly to look for faces over the whole picture."""

    smallest: float
    """The side of the smallest face, as a share of the picture's longer side."""
    scale_factor: float
    """How much the window grows from pass to pass."""
    max_faces: int
    rolls: Sequence[float] = (0.0,)
    """Degrees to turn the picture by, one after the other, until there is a face."""
    aside: bool = False
    """Then look for faces that are turned aside."""


LIVE: Final = Search(smallest=1 / 8, scale_factor=1.1, max_faces=4)
NEWCOMERS: Final = Search(smallest=1 / 8, scale_factor=1.2, max_faces=4)
"""Beside a face that is followed already; who is missed now is found the next time."""
STILL: Final = Search(
    smallest=1 / 32, scale_factor=1.1, max_faces=64, rolls=(0.0, 25.0, -25.0, 45.0, -45.0), aside=True
)


class FoundFace(NamedTuple):
    """A face where it is in the picture and as the model wants it."""

    box: Box
    crop: FaceCrop
    roll: float = 0.0
    """See `Square`; the crop is upright."""


class View(NamedTuple):
    """A picture scaled down, and turned about a point so that what leans there is upright."""

    pixels: GreyImage
    scale: float
    """Pixels of this view to one of the picture, at most 1."""
    roll: float
    about: tuple[float, float]
    """In this view."""

    @classmethod
    def of(cls, pixels: GreyImage, scale: float, roll: float, about: tuple[float, float]) -> Self:
        """Turn `pixels`, a picture scaled down already."""
        if roll:
            turn = cv2.getRotationMatrix2D(about, roll, 1)
            turned = cv2.warpAffine(pixels, turn, pixels.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
            pixels = turned.astype(np.uint8, copy=False)
        return cls(pixels, scale, roll, about)

    def square(self, left: float, top: float, side: float) -> Square:
        """What is here at (left, top), in the picture."""
        x, y = left + side / 2 - self.about[0], top + side / 2 - self.about[1]
        cos, sin = math.cos(math.radians(self.roll)), math.sin(math.radians(self.roll))
        x, y = cos * x - sin * y + self.about[0], sin * x + cos * y + self.about[1]
        return Square(x / self.scale, y / self.scale, side / self.scale, self.roll)


class _Cascade:
    """Not safe to use from several threads, so each has its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._classifier()

    def _classifier(self) -> cv2.CascadeClassifier:
        if not hasattr(self._local, "classifier"):
            classifier = cv2.CascadeClassifier(os.fspath(self._path)) if self._path.is_file() else None
            if classifier is None or classifier.empty():
                raise ConfigurationError(
                    f"There is no face cascade at {self._path}.", "Install opencv-python-headless >=4.13,<5."
                )
            self._local.classifier = classifier
        return self._local.classifier

    def detect(
        self, pixels: GreyImage, scale_factor: float, smallest_px: int, largest_px: int = 0
    ) -> list[tuple[int, int, int]]:
        """Left, top and side of each face."""
        windows = self._classifier().detectMultiScale(
            pixels,
            scaleFactor=scale_factor,
            minNeighbors=NEIGHBOURS,
            minSize=(smallest_px, smallest_px),
            maxSize=(largest_px, largest_px),
        )
        return [(int(left), int(top), int(side)) for left, top, side, _ in windows]


class FaceFinder:
    """Safe to use from many threads. Everything here blocks for milliseconds: call it off the event loop.

    Args:
        frontal: the cascade for upright faces; by default OpenCV's `FRONTAL`.

    Raises:
        ConfigurationError: a cascade file does not ship with this OpenCV.
    """

    def __init__(self, frontal: Path | None = None) -> None:
        # Only the headless 4.x wheels have `cv2.data`.
        folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
        self._frontal = _Cascade(frontal or Path(folder, FRONTAL))
        self._aside = _Cascade(Path(folder, ASIDE))

    def find(self, picture: Picture, search: Search = STILL) -> list[FoundFace]:
        """The faces in a picture, the largest first."""
        return [cut(picture, square) for square in self.search(picture, search)]

    def search(self, picture: Picture, search: Search, known: Sequence[Square] = ()) -> list[Square]:
        """Where the faces in a picture are, the largest first.

        Args:
            known: faces that are left out. A cascade spends most of its time where a face is: without them it is four
                times as fast.
        """
        pixels, scale = picture.scaled(WINDOW_PX / search.smallest)
        pixels = _without(pixels, [square.scaled(scale) for square in known])
        smallest_px = max(WINDOW_PX, round(search.smallest * max(pixels.shape)))
        middle = pixels.shape[1] / 2, pixels.shape[0] / 2
        for roll in search.rolls:
            view = View.of(pixels, scale, roll, middle)
            if squares := self.seek(view, search.scale_factor, smallest_px):
                break
        else:
            upright = View.of(pixels, scale, 0.0, middle)
            squares = self._turned_aside(upright, search.scale_factor, smallest_px) if search.aside else []
        return sorted(squares, key=lambda square: square.side, reverse=True)[: search.max_faces]

    def _turned_aside(self, view: View, scale_factor: float, smallest_px: int) -> list[Square]:
        if windows := self._aside.detect(view.pixels, scale_factor, smallest_px):
            return [view.square(*window) for window in windows]
        mirrored = self._aside.detect(np.ascontiguousarray(view.pixels[:, ::-1]), scale_factor, smallest_px)
        return [view.square(view.pixels.shape[1] - left - side, top, side) for left, top, side in mirrored]

    def seek(
        self,
        view: View,
        scale_factor: float,
        smallest_px: int,
        largest_px: int = 0,
        corner: tuple[float, float] = (0, 0),
    ) -> list[Square]:
        """The faces in a view.

        Args:
            smallest_px, largest_px: sides of the view; 0: no limit.
            corner: where `view.pixels` begins, if it is a part of the view.
        """
        windows = self._frontal.detect(view.pixels, scale_factor, smallest_px, largest_px)
        return [view.square(left + corner[0], top + corner[1], side) for left, top, side in windows]


def _without(pixels: GreyImage, squares: Sequence[Square]) -> GreyImage:
    if not squares:
        return pixels
    rest = pixels.copy()
    for square in squares:
        x, y, width, height = square.box((pixels.shape[1], pixels.shape[0]))
        rest[y : y + max(0, height), x : x + max(0, width)] = MID_GREY
    return rest


def cut(picture: Picture, square: Square) -> FoundFace:
    """The face as the model wants it. A Haar window frames it as FER-2013 does, so no margin is added."""
    reduced = picture.reduction(square.side, FACE_SIZE_PX)
    grey = picture.grey(reduced)
    view = View.of(grey, 1 / reduced, square.roll, (square.x / reduced, square.y / reduced))
    inside = Square(square.x / reduced, square.y / reduced, square.side / reduced).box(grey.shape[::-1])
    return FoundFace(square.box(picture.size), crop(view.pixels, inside), square.roll)


def crop(grey: GreyImage, box: Box) -> FaceCrop:
    """A part of a picture at the size that the model reads."""
    face = grey[box.y : box.y + box.height, box.x : box.x + box.width]
    return cv2.resize(face, (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
