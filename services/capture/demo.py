"""The demo clip: the drawn face goes through its expressions, again and again, and leaves the picture for a while."""

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import cv2
import numpy as np

from contracts.emotion import Emotion
from services.capture.drawn_face import EXPRESSIONS, HEIGHT_PX, WIDTH_PX, Expression, Image, draw_expression, empty_room

__all__ = ["HEIGHT_PX", "WIDTH_PX", "Scene", "demo_frames", "demo_picture", "draw_empty_room", "draw_face"]

TRANSITION_S: Final = 1.0
NOISE: Final = 4.0
"""Standard deviation of the camera's noise, in grey levels."""
NOISE_MARGIN_PX: Final = 64
MID_GRAY: Final = 128


class Scene(NamedTuple):
    """A part of the clip."""

    emotion: Emotion | None
    """What the face shows; None: nobody is in the picture."""
    seconds: float


SCENES: Final = (
    Scene(Emotion.NEUTRAL, 6.0),
    Scene(Emotion.HAPPY, 8.0),
    Scene(Emotion.SURPRISE, 7.0),
    Scene(Emotion.SAD, 8.0),
    Scene(Emotion.ANGRY, 7.0),
    Scene(Emotion.FEAR, 7.0),
    Scene(None, 4.0),
)
"""One round of the clip. A model trained on photographs does not read the drawn disgust as meant, so it is left out."""


def draw_face(emotion: Emotion, intensity: float = 1.0, *, seed: int = 0, jitter: float = 1.0) -> Image:
    """One picture of the drawn face.

    Args:
        emotion: what it shows.
        intensity: 0 is a neutral face, 1 the full expression.
        seed: the same seed gives the same picture.
        jitter: how much place, size, tilt and light vary with the seed; 0 puts the face upright in the middle.

    Returns:
        uint8, (480, 640, 3), BGR, 0..255. The face is about 200 px wide.
    """
    rng = np.random.default_rng(seed)
    face = draw_expression(EXPRESSIONS[Emotion.NEUTRAL].towards(EXPRESSIONS[emotion], intensity))
    pose = rng.uniform(-jitter, jitter, 4)
    return _photograph(_pose(face, *pose), rng)


def draw_empty_room(*, seed: int = 0) -> Image:
    """One picture with nobody in it: uint8, (480, 640, 3), BGR, 0..255."""
    return _photograph(empty_room(), np.random.default_rng(seed))


def demo_frames(fps: float = 10.0, seconds: float | None = None, *, seed: int = 0) -> Iterator[Image]:
    """The clip, frame by frame, as fast as it is asked for.

    Args:
        fps: frames in a second of the clip, above 0.
        seconds: where it ends; None: never.
        seed: the same seed gives the same clip.

    Yields:
        uint8, (480, 640, 3), BGR, 0..255.
    """
    rng = np.random.default_rng(seed)
    indices = itertools.count() if seconds is None else range(round(seconds * fps))
    for index in indices:
        yield demo_picture(index / fps, rng)


def demo_picture(moment_s: float, rng: np.random.Generator) -> Image:
    """The clip at a moment; it goes round for ever.

    Args:
        rng: makes its noise and its light.

    Returns:
        uint8, (480, 640, 3), BGR, 0..255.
    """
    expression = _expression_at(moment_s)
    if expression is None:
        return _photograph(empty_room(), rng)
    return _photograph(_pose(draw_expression(expression), *_sway(moment_s)), rng)


def _expression_at(moment_s: float) -> Expression | None:
    into_s = moment_s % sum(scene.seconds for scene in SCENES)
    previous = EXPRESSIONS[Emotion.NEUTRAL]
    for scene in SCENES:
        if scene.emotion is None:
            expression, previous = None, EXPRESSIONS[Emotion.NEUTRAL]
        else:
            expression = EXPRESSIONS[scene.emotion]
        if into_s < scene.seconds:
            break
        into_s -= scene.seconds
        previous = expression or previous
    else:
        expression = None
    return expression and previous.towards(expression, _ease(into_s / TRANSITION_S))


def _ease(share: float) -> float:
    share = min(share, 1.0)
    return share * share * (3 - 2 * share)


def _sway(moment_s: float) -> tuple[float, float, float, float]:
    """A head never rests: x, y, size and tilt, each in -1..1, with periods that do not divide each other."""
    x, y, size, tilt = (float(np.sin(2 * np.pi * moment_s / period_s)) for period_s in (7.3, 5.1, 11.9, 6.7))
    return 0.5 * x, 0.5 * y, 0.5 * size, 0.5 * tilt


def _pose(face: Image, x: float, y: float, size: float, tilt: float) -> Image:
    """Move, scale and turn the picture about its centre; each of the four in -1..1."""
    transform = cv2.getRotationMatrix2D((WIDTH_PX / 2, HEIGHT_PX / 2), 4.0 * tilt, 1.0 + 0.08 * size)
    transform[:, 2] += (40.0 * x, 20.0 * y)
    return cv2.warpAffine(face, transform, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def _photograph(scene: Image, rng: np.random.Generator) -> Image:
    """What a camera makes of it: a little blur, light that flickers, noise."""
    blurred = cv2.GaussianBlur(scene, (0, 0), 1.0)
    x, y = rng.integers(0, NOISE_MARGIN_PX, 2)
    noise = _noise()[y : y + HEIGHT_PX, x : x + WIDTH_PX]
    return cv2.addWeighted(blurred, 1, noise, 1, rng.uniform(-6, 6) - MID_GRAY).astype(np.uint8, copy=False)


@cache
def _noise() -> Image:
    """More than one picture needs, so that each takes a piece of its own: making it anew costs more than the face."""
    shape = HEIGHT_PX + NOISE_MARGIN_PX, WIDTH_PX + NOISE_MARGIN_PX
    gray = np.random.default_rng(0).normal(MID_GRAY, NOISE, shape).round().astype(np.uint8)
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
