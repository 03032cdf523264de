"""What a camera does to a face that a dataset does not: the changes that robustness is measured under."""

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from training.dataset import Floats, Images
from training.metrics import Reals

_SIDE_PX = 48
_WELL = 60
"""Electrons that a pixel counts of white in full light."""


def shift(images: Images, share: float) -> Images:
    """Every face moved by a share of its side, in a direction of its own, as by an inexact box."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, len(images))
    return np.stack([_warp(image, 1.0, share * _SIDE_PX, angle) for image, angle in zip(images, angles, strict=True)])


def scale(images: Images, factor: float) -> Images:
    """Every face larger (factor above 1) or smaller in its crop, as by a tight or a loose box."""
    return np.stack([_warp(image, factor, 0.0, 0.0) for image in images])


def blur(images: Images, deviation_px: float) -> Images:
    """As by motion, focus or distance: a Gaussian of this standard deviation."""
    return np.stack([cv2.GaussianBlur(image, (0, 0), deviation_px) for image in images]).astype(np.uint8)


def low_light(images: Images, gain: float) -> Images:
    """A dim picture with the noise of a sensor."""
    seen = electrons(images, gain, np.random.default_rng(0))
    return np.clip(seen / _WELL * 255, 0, 255).astype(np.uint8)


def electrons(images: Images | Floats, gain: float, rng: np.random.Generator) -> Reals:
    """What a sensor counts of pictures, 0..255, in this share of the light: shot noise, and a read noise of one."""
    return rng.poisson(images / 255 * gain * _WELL) + rng.normal(0, 1, images.shape)


def jpeg(images: Images, quality: int) -> Images:
    """Compressed and read back, quality 0..100."""
    return np.stack([_jpeg(image, quality) for image in images])


def flip(images: Images) -> Images:
    """Mirrored."""
    return np.ascontiguousarray(images[:, :, ::-1])


PERTURBATIONS: Mapping[str, Callable[[Images], Images]] = {
    "moved by 5 % of the side": lambda images: shift(images, 0.05),
    "moved by 10 % of the side": lambda images: shift(images, 0.10),
    "15 % smaller": lambda images: scale(images, 0.85),
    "15 % larger": lambda images: scale(images, 1.15),
    "blurred by 1 pixel": lambda images: blur(images, 1.0),
    "blurred by 2 pixels": lambda images: blur(images, 2.0),
    "a third of the light": lambda images: low_light(images, 1 / 3),
    "a tenth of the light": lambda images: low_light(images, 1 / 10),
    "JPEG of quality 30": lambda images: jpeg(images, 30),
    "JPEG of quality 10": lambda images: jpeg(images, 10),
    "mirrored": flip,
}
"""By what a reader of the model card sees. Each gives uint8, (n, 48, 48) of the same, the same every time."""


def _warp(image: Images, factor: float, distance_px: float, angle: float) -> Images:
    centre = (_SIDE_PX - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), 0.0, factor)
    matrix[:, 2] += distance_px * np.array([np.cos(angle), np.sin(angle)])
    # What lies outside the crop is unknown; its border goes on, as a box on a plain wall would show.
    moved = cv2.warpAffine(image, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved.astype(np.uint8)


def _jpeg(image: Images, quality: int) -> Images:
    _, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    decoded: Any = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    return decoded.astype(np.uint8)
