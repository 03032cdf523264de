"""Follows the faces of one stream: a full search now and then, and in between only a look around the last place.

A face is followed by its own picture (normalised cross-correlation; Lewis, "Fast template matching", 1995), which is
cheap and keeps the crop steady. The cascade confirms every so often that it still is a face, and turns the picture
where it is not upright any more.
"""

from dataclasses import dataclass
from itertools import cycle
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.model import FACE_SIZE_PX
from services.emotion.faces import LIVE, NEWCOMERS, FaceFinder, FoundFace, Search, Square, View, cut
from services.emotion.images import Picture
from services.emotion.tracks import MIN_OVERLAP, overlap

SEARCH_EVERY_S: Final = 2.0
"""Of the whole picture, while there are faces to follow."""
CONFIRM_EVERY_S: Final = 1.0
UNCONFIRMED_S: Final = 1.5
"""How long a face is believed that only its own picture tells of."""
RECOVER_S: Final = 3.0
"""How long after the last face one that leans is sought in every picture; later in every `SELDOM`th."""
SELDOM: Final = 4

HARDER: Final = (
    *(LIVE._replace(rolls=(0.0, roll)) for roll in (25.0, -25.0, 45.0, -45.0)),
    LIVE._replace(aside=True),
)
"""Tried one after the other, a picture each, to find a face that leans or is turned aside."""
ROLL_STEP: Final = 20.0
MAX_ROLL: Final = 60.0

TEMPLATE_PX: Final = 32
MIN_CORRELATION: Final = 0.75
GROWTHS: Final = (0.95, 1.0, 1.05)
"""How much larger a face may be in the next picture."""
MARGIN: Final = 0.25
"""How far around the last place to look, in sides of the face."""
CONFIRM_PX: Final = 48
"""The side that a face is scaled to for the cascade."""
SMALLEST, LARGEST = 0.85, 1.2
"""What the cascade may find there, in sides of the face."""


@dataclass(frozen=True)
class _Face:
    square: Square
    found: FoundFace
    confirmed_s: float
    checked_s: float
    """When the cascade was asked last, whatever it said."""

    @property
    def template(self) -> NDArray[np.uint8]:
        """uint8, (32, 32)."""
        small = cv2.resize(self.found.crop, (TEMPLATE_PX, TEMPLATE_PX), interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8, copy=False)


class FaceFollower:
    """Where the faces of one stream are. Blocks for a millisecond a picture, for several when it searches."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._faces: list[_Face] = []
        self._searched_s = float("-inf")
        self._seen_s: float | None = None
        self._misses = 0
        self._harder = cycle(HARDER)

    def look(self, picture: Picture, at_s: float) -> list[FoundFace]:
        """The faces in the next picture, those that are followed already first.

        Args:
            at_s: when it was received, of a clock that never runs backwards.

        Raises:
            BadImageError: the picture is broken or cut short.
        """
        places = [_match(picture, face) for face in self._faces]
        followed = [self._keep(picture, *known, at_s) for known in zip(self._faces, places, strict=True)]
        faces = [face for face in followed if face]
        # A face that looks different now may be that of another scene.
        if None in places or not faces or at_s - self._searched_s >= SEARCH_EVERY_S:
            faces = self._search(picture, faces, at_s)
        self._faces = faces
        return [face.found for face in faces]

    def _keep(self, picture: Picture, face: _Face, place: Square | None, at_s: float) -> _Face | None:
        if place is not None and at_s - face.checked_s < CONFIRM_EVERY_S:
            return _face(picture, place, face.confirmed_s, face.checked_s)
        if confirmed := self._confirm(picture, place or face.square):
            return _face(picture, confirmed, at_s, at_s)
        if place is not None and at_s - face.confirmed_s < UNCONFIRMED_S:
            return _face(picture, place, face.confirmed_s, at_s)
        return None

    def _confirm(self, picture: Picture, last: Square) -> Square | None:
        for roll in sorted((last.roll, last.roll + ROLL_STEP, last.roll - ROLL_STEP), key=abs):
            if abs(roll) <= MAX_ROLL and (near := self._near(picture, last._replace(roll=roll))):
                return min(near, key=lambda square: abs(square.x - last.x) + abs(square.y - last.y))
        return None

    def _near(self, picture: Picture, last: Square) -> list[Square]:
        view, corner = _around(picture, last, CONFIRM_PX)
        return self._finder.seek(view, 1.1, round(SMALLEST * CONFIRM_PX), round(LARGEST * CONFIRM_PX), corner)

    def _search(self, picture: Picture, followed: list[_Face], at_s: float) -> list[_Face]:
        search = NEWCOMERS if followed else self._thorough(at_s)
        squares = self._finder.search(picture, search, [face.square for face in followed])
        self._searched_s = at_s
        if squares or followed:
            self._seen_s, self._misses = at_s, 0
        seen = [face for square in squares if (face := _face(picture, square, at_s, at_s))]
        return (followed + [face for face in seen if not _twin(face, followed)])[: LIVE.max_faces]

    def _thorough(self, at_s: float) -> Search:
        if self._seen_s is None:
            self._seen_s = at_s
        self._misses += 1
        turned = at_s - self._seen_s <= RECOVER_S or self._misses % SELDOM == 0
        return next(self._harder) if turned else LIVE


def _face(picture: Picture, square: Square, confirmed_s: float, checked_s: float) -> _Face | None:
    if min(square.box(picture.size)[2:]) <= 0:
        return None
    return _Face(square, cut(picture, square), confirmed_s, checked_s)


def _twin(face: _Face, others: list[_Face]) -> _Face | None:
    return next((other for other in others if overlap(face.found.box, other.found.box) >= MIN_OVERLAP), None)


def _match(picture: Picture, face: _Face) -> Square | None:
    template = face.template
    best, place = MIN_CORRELATION, None
    for growth in GROWTHS:
        view, (left, top) = _around(picture, face.square, TEMPLATE_PX / growth)
        if min(view.pixels.shape) < TEMPLATE_PX:
            continue
        scores = cv2.matchTemplate(view.pixels, template, cv2.TM_CCOEFF_NORMED)
        _, score, _, (x, y) = cv2.minMaxLoc(scores)
        if score > best:
            best, place = score, view.square(left + x, top + y, TEMPLATE_PX)
    return place


def _around(picture: Picture, last: Square, side_px: float) -> tuple[View, tuple[float, float]]:
    """The part of a picture around a face, the face upright and with the side given; and where that part begins."""
    reduced = picture.reduction(last.side, FACE_SIZE_PX)
    x, y, side = last.x / reduced, last.y / reduced, last.side / reduced
    whole = View.of(picture.grey(reduced), 1 / reduced, last.roll, (x, y))
    reach = side * (0.5 + MARGIN)
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    part = whole.pixels[top : max(0, int(y + reach)), left : max(0, int(x + reach))]
    factor = side_px / side
    size = round(part.shape[1] * factor), round(part.shape[0] * factor)
    scaled = cv2.resize(part, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    view = View(scaled.astype(np.uint8, copy=False), factor / reduced, last.roll, (x * factor, y * factor))
    return view, (left * factor, top * factor)
