"""`python -m benchmarks.faces`: how many faces each way of looking finds, upright and leaning, and what it costs.

The faces are those of FER-2013 where the data is there, else drawn, each alone in a room.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import cv2
import numpy as np
import typer
from pydantic import BaseModel

from benchmarks.peers.frames import FACE_PX, FER2013, labelled_frames
from services.emotion.faces import LIVE, STILL, FaceFinder, Search, Square
from services.emotion.images import ImageLimits, Picture
from services.emotion.tracks import overlap

ROLLS: Final = (0.0, 15.0, 30.0, 45.0)
"""Degrees; every other face leans to the other side."""
LIMITS: Final = ImageLimits(10**7, 10**7)
FOUND: Final = 0.3
"""Intersection over union from which on a face counts as found where it is."""
OTHERS: Final = ("frontalface_default", "frontalface_alt", "frontalface_alt_tree")
"""OpenCV's other cascades for faces."""

Look = Callable[[Picture], Sequence[Square]]


class Sample(NamedTuple):
    """A picture with one face in it."""

    picture: bytes
    roll: float


class Figures(BaseModel):
    """How one way of looking did."""

    found_share: dict[str, float]
    """By how many degrees the faces lean."""
    wrong_share: float
    """Pictures in which something else was taken for a face."""
    cpu_ms: float
    """A picture, decoding included."""


class Report(BaseModel):
    """The same pictures, looked at in several ways."""

    faces: int
    photographs: bool
    """Drawn ones where the data is not there."""
    ways: dict[str, Figures]


def samples(faces: int) -> list[Sample]:
    """Each face once for each of `ROLLS`."""
    frames = labelled_frames(faces, 1)
    return [
        Sample(_rolled(frame.jpeg, roll if index % 2 else -roll), roll)
        for index, frame in enumerate(frames)
        for roll in ROLLS
    ]


def _rolled(jpeg: bytes, roll: float) -> bytes:
    grey = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -roll, 1)
    turned = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cv2.imencode(".jpg", turned)[1].tobytes()


def ways() -> dict[str, Look]:
    """Every way of looking that is compared."""
    ours = FaceFinder()
    turning = LIVE._replace(rolls=STILL.rolls)
    found: dict[str, Look] = {
        "upright": _searching([ours], LIVE),
        "upright, then aside": _searching([ours], LIVE._replace(aside=True)),
        "turning the picture": _searching([ours], turning),
        "turning, then aside": _searching([ours], turning._replace(aside=True)),
    }
    for name in OTHERS:
        other = FaceFinder(Path(cv2.__file__).with_name("data") / f"haarcascade_{name}.xml")
        found[f"upright, {name} alone"] = _searching([other], LIVE)
        found[f"upright, then {name}"] = _searching([ours, other], LIVE)
        found[f"turning, then {name}"] = _searching([ours, other], turning)
    return found


def _searching(finders: Sequence[FaceFinder], search: Search) -> Look:
    def look(picture: Picture) -> Sequence[Square]:
        return next((squares for finder in finders if (squares := finder.search(picture, search))), [])

    return look


def figures(pictures: Sequence[Sample], look: Look) -> Figures:
    """How a way of looking does on these pictures."""
    hits: dict[float, list[bool]] = {roll: [] for roll in ROLLS}
    wrong, began_s = 0, time.thread_time()
    for sample in pictures:
        picture = Picture(sample.picture, LIMITS)
        boxes = [square.box(picture.size) for square in look(picture)]
        width, height = picture.size
        truth = Square(width / 2, height / 2, FACE_PX).box(picture.size)
        right = [overlap(box, truth) >= FOUND for box in boxes]
        hits[sample.roll].append(any(right))
        wrong += not all(right)
    cpu_s = time.thread_time() - began_s
    return Figures(
        found_share={f"{roll:g}": round(float(np.mean(found)), 4) for roll, found in hits.items()},
        wrong_share=round(wrong / len(pictures), 4),
        cpu_ms=round(1000 * cpu_s / len(pictures), 2),
    )


def main(
    faces: Annotated[int, typer.Option(min=1, help="How many faces.")] = 300,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure how many faces each cascade finds, with and without turning the picture."""
    cv2.setNumThreads(1)
    pictures = samples(faces)
    report = Report(
        faces=faces,
        photographs=FER2013.is_file(),
        ways={name: figures(pictures, look) for name, look in ways().items()},
    )
    typer.echo(report.model_dump_json(indent=None if json else 2))


if __name__ == "__main__":
    typer.run(main)
