"""Frames with one face each, whose emotion is known: of FER-2013 where the data is there, else drawn.

Each face stays for some frames and moves a little, as in a live stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.emotion import EMOTIONS, Emotion
from services.capture.demo import draw_face
from services.capture.drawn_face import HEIGHT_PX, WIDTH_PX, Image, empty_room
from services.capture.packing import encode
from standalone.settings import ROOT

FER2013: Final = ROOT.parent / "shared" / "data" / "fer2013" / "validation.npz"
FACE_PX: Final = 240
STEP_PX: Final = 4
"""How far a face moves from frame to frame."""

_FERPLUS: Final = (
    Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SURPRISE, Emotion.SAD, Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR,
)  # fmt: skip
"""The order of FER+'s votes (Barsoum et al., 2016); contempt, unknown and not-a-face follow and are left out here."""
_CLEAR_VOTES: Final = 6
"""Of about ten: only faces that most people read alike have a label."""


@dataclass(frozen=True)
class Frame:
    """A picture and what its face shows."""

    jpeg: bytes
    label: Emotion
    """What most of FER+'s annotators read, or what was drawn."""
    fer2013_label: Emotion | None
    """The original label; None for a drawn face."""


def labelled_frames(faces: int, frames_per_face: int, data: Path = FER2013) -> list[Frame]:
    """`faces` * `frames_per_face` frames of 640x480; always the same ones."""
    source = _photographed(faces, data) if data.is_file() else _drawn(faces)
    return [frame for face in source for frame in _moving(*face, frames_per_face)]


def _photographed(count: int, data: Path) -> Iterator[tuple[Image, Emotion, Emotion | None]]:
    with np.load(data) as arrays:
        images, labels, votes = arrays["images"], arrays["fer2013_label"], arrays["ferplus_votes"]
    clear = np.flatnonzero(votes[:, : len(_FERPLUS)].max(axis=1) >= _CLEAR_VOTES)
    for row in np.random.default_rng(0).permutation(clear)[:count]:
        majority = _FERPLUS[int(votes[row, : len(_FERPLUS)].argmax())]
        yield _in_room(images[row]), majority, EMOTIONS[int(labels[row])]


def _drawn(count: int) -> Iterator[tuple[Image, Emotion, Emotion | None]]:
    for index in range(count):
        emotion = EMOTIONS[index % len(EMOTIONS)]
        yield draw_face(emotion, seed=index), emotion, None


def _in_room(face: NDArray[np.uint8]) -> Image:
    """A 48x48 face, enlarged and blended softly into the middle of the room."""
    large = cv2.resize(face, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
    ramp = np.clip(np.minimum(np.arange(FACE_PX), np.arange(FACE_PX)[::-1]) / 20, 0, 1)
    weight = np.minimum.outer(ramp, ramp)[..., None]
    canvas = empty_room().copy()
    y, x = (HEIGHT_PX - FACE_PX) // 2, (WIDTH_PX - FACE_PX) // 2
    place = canvas[y : y + FACE_PX, x : x + FACE_PX]
    place[:] = (weight * large[..., None] + (1 - weight) * place).astype(np.uint8)
    return canvas


def _moving(picture: Image, label: Emotion, fer2013_label: Emotion | None, count: int) -> Iterator[Frame]:
    for index in range(count):
        shift = np.array([[1.0, 0.0, STEP_PX * index], [0.0, 1.0, STEP_PX * index / 2]])
        moved = cv2.warpAffine(picture, shift, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        yield Frame(encode(moved.astype(np.uint8, copy=False)), label, fer2013_label)
