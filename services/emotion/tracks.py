"""Which face in this frame is which face of the last one, and which is the main one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final, NamedTuple

MIN_OVERLAP: Final = 0.3
"""Intersection over union from which on two boxes are the same face."""
FORGET_AFTER: Final = timedelta(seconds=3)
"""How long a face that is not found may still come back under its id."""
TAKEOVER: Final = 1.5
"""How many times larger than the main face another must be to become it."""


class Box(NamedTuple):
    """Pixels of the picture; the origin is its top left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0, width) * max(0, height)
    return shared / (one.area + other.area - shared) if shared else 0.0


@dataclass(frozen=True)
class Track:
    """A face over time."""

    id: int
    box: Box
    seen_at: datetime


class FaceTracks:
    """The faces of one stream."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._tracks: list[Track] = []
        self.main_id = 0
        """The id of the main face, seen just now or within `FORGET_AFTER`; 0 before the first."""

    def follow(self, boxes: Sequence[Box], at: datetime) -> list[Track]:
        """This frame's faces under their ids, the main one first, then in the order of `boxes`.

        The main face stays main until it is lost or another is `TAKEOVER` times larger.
        """
        known = [track for track in self._tracks if abs(at - track.seen_at) <= FORGET_AFTER]
        found: list[Track] = []
        for box in boxes:
            last = max(known, key=lambda track: overlap(track.box, box), default=None)
            if last is not None and overlap(last.box, box) >= MIN_OVERLAP:
                known.remove(last)
                found.append(Track(last.id, box, at))
            else:
                found.append(Track(next(self._ids), box, at))
        self._tracks = found + known
        self._choose_main(found)
        return sorted(found, key=lambda track: track.id != self.main_id)

    def _choose_main(self, found: list[Track]) -> None:
        if not found:
            return
        largest = max(found, key=lambda track: track.box.area)
        main = next((track for track in self._tracks if track.id == self.main_id), None)
        if main is None or largest.box.area > TAKEOVER * main.box.area:
            self.main_id = largest.id
