"""A drawn, shaded face with seven expressions: a subject for demonstrations and tests, so that no photograph ships.

Lengths are in half face widths, from the centre of the face, x to the right and y down, until they reach the canvas.
The expressions follow the action units that the Facial Action Coding System (Ekman and Friesen, 1978) gives to each
emotion, exaggerated until a classifier trained on photographs reads them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple, Self

import cv2
import numpy as np
import numpy.typing as npt

from contracts.emotion import Emotion

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Color = tuple[int, int, int] | int

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480

_UNIT_PX: Final = 100.0
_CENTER_PX: Final = np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
_SUBPIXEL_BITS: Final = 4

_WALL: Final = (176, 170, 160)
_SHIRT: Final = (92, 70, 58)
_SKIN: Final = (150, 178, 218)
_SKIN_IN_SHADE: Final = (117, 139, 170)
_HAIR: Final = (34, 42, 58)
_BROW: Final = (30, 38, 52)
_EYE_WHITE: Final = (222, 228, 232)
_IRIS: Final = (42, 46, 52)
_LASHES: Final = (30, 34, 46)
_LIPS: Final = (92, 96, 166)
_MOUTH: Final = (28, 22, 44)
_TEETH: Final = (226, 234, 238)


class Expression(NamedTuple):
    """What moves in the face. Every number can be interpolated; 0 is the face at rest, unless said otherwise."""

    brow_inner: float = 0.0
    """Raise of the brows' inner ends, negative lowers."""
    brow_outer: float = 0.0
    brow_pinch: float = 0.0
    """How far the inner ends move towards each other."""
    eye_open: float = 1.0
    """Opening of the upper lids, 0 closed, 1 at rest."""
    squint: float = 0.0
    """Raise of the lower lids and cheeks, 0..1."""
    mouth_width: float = 0.36
    corners: float = 0.0
    """Raise of the mouth's corners, negative lowers."""
    upper_lip: float = 0.0
    """Raise of the upper lip's middle, which opens the mouth."""
    jaw: float = 0.0
    """Drop of the lower lip's middle, which opens the mouth."""
    teeth: float = 0.0
    """How much of the open mouth the upper teeth fill, 0..1."""
    furrow: float = 0.0
    """Depth of the lines between the brows, 0..1."""
    wrinkle: float = 0.0
    """Depth of the lines across the nose, 0..1."""
    fold: float = 0.15
    """Depth of the folds from the nose to the mouth, 0..1."""
    forehead: float = 0.0
    """Depth of the lines across the forehead, 0..1."""

    def towards(self, other: Self, share: float) -> "Expression":
        """The expression at `share` (0..1) of the way to another."""
        return Expression(*(start + share * (end - start) for start, end in zip(self, other, strict=True)))


EXPRESSIONS: Final[Mapping[Emotion, Expression]] = {
    Emotion.NEUTRAL: Expression(),
    Emotion.HAPPY: Expression(
        brow_outer=0.03, eye_open=0.8, squint=0.7, mouth_width=0.52, corners=0.2, jaw=0.16, teeth=0.85, fold=1.0
    ),
    Emotion.SURPRISE: Expression(
        brow_inner=0.09, brow_outer=0.11, eye_open=1.7, mouth_width=0.26, upper_lip=0.12, jaw=0.28, fold=0, forehead=0.7
    ),
    Emotion.SAD: Expression(
        brow_inner=0.3, brow_outer=-0.14, brow_pinch=0.02, eye_open=0.31, squint=0.47, mouth_width=0.46, corners=-0.17,
        upper_lip=0.02, jaw=0.09, teeth=0.1, furrow=0.9, fold=0.98, forehead=0.5,
    ),
    Emotion.ANGRY: Expression(
        brow_inner=-0.28, brow_outer=-0.02, brow_pinch=0.06, eye_open=1.05, squint=0.56, mouth_width=0.28,
        corners=-0.05, upper_lip=0.18, jaw=0.25, teeth=0.95, furrow=0.3, wrinkle=0.95, fold=0.95, forehead=0.3,
    ),
    Emotion.FEAR: Expression(
        brow_inner=0.22, brow_outer=-0.06, brow_pinch=0.07, eye_open=2.05, squint=0.13, mouth_width=0.47, corners=-0.26,
        upper_lip=0.12, jaw=0.24, teeth=0.94, furrow=0.94, fold=0.98, forehead=0.88,
    ),
    Emotion.DISGUST: Expression(
        brow_inner=-0.12, brow_outer=-0.04, brow_pinch=0.05, eye_open=0.5, squint=0.9, mouth_width=0.38,
        corners=-0.08, upper_lip=0.14, jaw=0.02, teeth=0.7, furrow=0.7, wrinkle=1.0, fold=1.0,
    ),
}  # fmt: skip


def draw_expression(expression: Expression) -> Image:
    """The face, upright in the middle of a frame, without noise.

    Returns:
        uint8, (480, 640, 3), BGR, 0..255.
    """
    canvas = _head().copy()
    cv2.multiply(canvas, cv2.cvtColor(_shade(expression), cv2.COLOR_GRAY2BGR), dst=canvas, scale=1 / 255)
    for side in (-1, 1):
        _draw_eye(canvas, expression, side)
        _draw_brow(canvas, expression, side)
    _draw_mouth(canvas, expression)
    return canvas


@cache
def empty_room() -> Image:
    """The frame without the face, not to be changed. uint8, (480, 640, 3), BGR, 0..255."""
    light = np.linspace(1.12, 0.8, WIDTH_PX)[None, :, None] * np.linspace(1.06, 0.94, HEIGHT_PX)[:, None, None]
    room = np.clip(light * np.array(_WALL), 0, 255).astype(np.uint8)
    room.flags.writeable = False
    return room


@cache
def _head() -> Image:
    """What no expression changes."""
    canvas = empty_room().copy()
    _fill(canvas, _ellipse(0, 2.45, 1.9, 1.0), _SHIRT)
    _fill(canvas, _ellipse(0, 1.3, 0.5, 0.75), _SKIN_IN_SHADE)
    _fill(canvas, _ellipse(0, -0.32, 1.13, 1.28), _HAIR)
    for side in (-1, 1):
        _fill(canvas, _ellipse(side * 0.98, 0.0, 0.12, 0.24), _SKIN_IN_SHADE)
    _fill(canvas, _ellipse(0, 0.03, 0.98, 1.28), _SKIN)
    _fill(canvas, np.concatenate([_arc(1.0, -0.6, -1.7), _arc(0.98, -0.45, -0.98)[::-1]]), _HAIR)
    return canvas


def _shade(expression: Expression) -> Image:
    """Soft shadows as a factor: uint8, (480, 640), 255 leaves the light as it is."""
    shade = _resting_shade().copy()
    for side in (-1, 1):
        fold = np.array([[0.2, 0.2], [0.36, 0.38], [expression.mouth_width + 0.1, 0.66 - expression.corners]])
        _line(shade, fold * (side, 1), _gray(110 * expression.fold), 0.045)
        _line(shade, np.array([[side * 0.09, -0.55], [side * 0.07, -0.3]]), _gray(150 * expression.furrow), 0.04)
        cheek = np.array([[0.26, 0.02], [0.45, 0.08], [0.64, 0.0]])
        _line(shade, cheek * (side, 1), _gray(90 * expression.squint), 0.035)
    for y in (-0.2, -0.1, 0.0):
        _line(shade, np.array([[-0.13, y + 0.03], [0, y], [0.13, y + 0.03]]), _gray(110 * expression.wrinkle), 0.03)
    for y in (-0.82, -0.72):
        _line(shade, np.array([[-0.4, y + 0.03], [0, y], [0.4, y + 0.03]]), _gray(60 * expression.forehead), 0.03)
    return cv2.GaussianBlur(shade, (0, 0), 3).astype(np.uint8, copy=False)


@cache
def _resting_shade() -> Image:
    shade = np.full((HEIGHT_PX, WIDTH_PX), 255, np.uint8)
    edge = np.full_like(shade, 255)
    _fill(edge, _ellipse(0, 0.03, 1.0, 1.3), 190)
    _fill(edge, _ellipse(0, -0.02, 0.78, 1.1), 255)
    shade = np.minimum(shade, cv2.GaussianBlur(edge, (0, 0), 14))
    features = np.full_like(shade, 255)
    for side in (-1, 1):
        _fill(features, _ellipse(side * 0.41, -0.2, 0.3, 0.17), 165)
        _line(features, np.array([[side * 0.11, -0.25], [side * 0.1, 0.1], [side * 0.17, 0.22]]), 200, 0.06)
        _fill(features, _ellipse(side * 0.085, 0.29, 0.055, 0.03), 70)
    _line(features, np.array([[-0.15, 0.32], [0, 0.36], [0.15, 0.32]]), 150, 0.05)
    _line(features, np.array([[-0.16, 0.88], [0.16, 0.88]]), 195, 0.06)
    return cv2.multiply(shade, cv2.GaussianBlur(features, (0, 0), 6), scale=1 / 255).astype(np.uint8, copy=False)


def _draw_eye(canvas: Image, expression: Expression, side: int) -> None:
    along = np.linspace(-1, 1, 21)
    x = 0.41 + 0.19 * along
    bow = 1 - along**2
    upper = -0.17 - 0.11 * expression.eye_open * bow
    lower = np.maximum(-0.17 + (0.075 - 0.07 * expression.squint) * bow, upper + 0.01)
    _fill(canvas, np.concatenate([_curve(x, upper, side), _curve(x, lower, side)[::-1]]), _EYE_WHITE)
    iris = _ellipse(0.41, -0.2, 0.095, 0.095)
    iris[:, 1] = iris[:, 1].clip(np.interp(iris[:, 0], x, upper), np.interp(iris[:, 0], x, lower))
    _fill(canvas, iris * (side, 1), _IRIS)
    _line(canvas, _curve(x, upper, side), _LASHES, 0.04)
    _line(canvas, _curve(x, lower, side), _SKIN_IN_SHADE, 0.02)


def _draw_brow(canvas: Image, expression: Expression, side: int) -> None:
    along = np.linspace(0, 1, 13)
    x = 0.2 - expression.brow_pinch + along * (0.5 + expression.brow_pinch)
    ends = expression.brow_inner + along * (expression.brow_outer - expression.brow_inner)
    _line(canvas, _curve(x, -0.43 - ends - 0.24 * along * (1 - along), side), _BROW, 0.09)


def _draw_mouth(canvas: Image, expression: Expression) -> None:
    along = np.linspace(-1, 1, 25)
    x = expression.mouth_width * along
    bow = 1 - along**2
    corners = 0.66 - expression.corners
    upper = corners + (0.66 - 0.3 * expression.corners - expression.upper_lip - corners) * bow
    lower = np.maximum(corners + (0.66 + 0.1 * expression.corners + expression.jaw - corners) * bow, upper)
    lips = np.concatenate([_points(x, upper - 0.055 * bow), _points(x, lower + 0.08 * bow)[::-1]])
    _fill(canvas, lips, _LIPS)
    _fill(canvas, np.concatenate([_points(x, upper), _points(x, lower)[::-1]]), _MOUTH)
    bite = upper + expression.teeth * (lower - upper)
    _fill(canvas, np.concatenate([_points(x, upper), _points(x, bite)[::-1]]), _TEETH)
    _line(canvas, _points(x, upper), _MOUTH, 0.025)
    _line(canvas, _points(x, lower), _MOUTH, 0.02)


def _gray(darkness: float) -> int:
    return 255 - round(darkness)


def _points(x: Points, y: Points) -> Points:
    return np.stack([x, y], axis=1)


def _curve(x: Points, y: Points, side: int) -> Points:
    return _points(side * x, y)


def _ellipse(x: float, y: float, half_width: float, half_height: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return _points(x + half_width * np.cos(angle), y + half_height * np.sin(angle))


def _arc(half_width: float, side_y: float, top_y: float) -> Points:
    x = np.linspace(-half_width, half_width, 30)
    return _points(x, top_y + (side_y - top_y) * (x / half_width) ** 2)


def _pixels(points: Points) -> npt.NDArray[np.int32]:
    return np.round((points * _UNIT_PX + _CENTER_PX) * 2**_SUBPIXEL_BITS).astype(np.int32)


def _fill(canvas: Image, polygon: Points, color: Color) -> None:
    cv2.fillPoly(canvas, [_pixels(polygon)], _scalar(color), cv2.LINE_AA, _SUBPIXEL_BITS)


def _line(canvas: Image, points: Points, color: Color, thickness: float) -> None:
    width_px = max(1, round(thickness * _UNIT_PX))
    cv2.polylines(canvas, [_pixels(points)], False, _scalar(color), width_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _scalar(color: Color) -> tuple[int, ...]:
    return (color,) if isinstance(color, int) else color
