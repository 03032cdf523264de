"""Random changes to training faces, so that a shifted, tilted, dim or partly hidden face reads the same."""

import cv2
import numpy as np

from contracts.model import FACE_SIZE_PX
from training.config import Augmentation
from training.dataset import Floats, Images
from training.perturb import electrons, jpeg


def augment(images: Images, side_px: int, settings: Augmentation, rng: np.random.Generator) -> Floats:
    """Change every face at random and resize it.

    Args:
        images: uint8, (n, 48, 48), 0..255.
        side_px: of the result.
        rng: the only source of chance; the same state gives the same result.

    Returns:
        float32, (n, side_px, side_px, 1), 0..255.
    """
    faces = [_augment_one(image, side_px, settings, rng) for image in images]
    return np.stack(faces)[..., np.newaxis]


def resize(images: Images | Floats, side_px: int) -> Floats:
    """The faces, of one channel or none, unchanged but for their size: float32, (n, side_px, side_px, 1), 0..255."""
    sized = [cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA) for image in images]
    return np.stack(sized).astype(np.float32)[..., np.newaxis]


def _augment_one(image: Images, side_px: int, settings: Augmentation, rng: np.random.Generator) -> Floats:
    face = _move(image, side_px, settings, rng)
    if rng.random() < settings.blur:
        face = _blur(face, side_px / FACE_SIZE_PX * rng.uniform(0.4, settings.blur_px))
    face = _relight(face, settings, rng)
    if rng.random() < settings.erase:
        _erase(face, rng)
    if rng.random() < settings.noise:
        face += rng.normal(0, rng.uniform(2, 12), face.shape).astype(np.float32)
    face = np.clip(face, 0, 255)
    if rng.random() < settings.low_light:
        face = _dim(face, rng)
    if rng.random() < settings.jpeg:
        (face,) = jpeg(face.astype(np.uint8)[np.newaxis], int(rng.integers(8, 41)))
    return face.astype(np.float32)


def _move(image: Images, side_px: int, settings: Augmentation, rng: np.random.Generator) -> Floats:
    side = image.shape[0]
    centre = (side - 1) / 2
    zoom = np.exp(rng.uniform(-settings.scale, settings.scale)) * side_px / side
    matrix = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-settings.rotate_deg, settings.rotate_deg), zoom)
    matrix[:, 2] += (side_px - 1) / 2 - centre + rng.uniform(-settings.shift, settings.shift, 2) * side_px
    if rng.random() < settings.flip:
        image = image[:, ::-1].copy()
    face = image.astype(np.float32)
    if side_px < side:
        # An affine warp samples points; without a blur first, shrinking would alias.
        face = _blur(face, 0.4 * side / side_px)
    warped = cv2.warpAffine(face, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return warped.astype(np.float32)


def _blur(face: Floats, deviation_px: float) -> Floats:
    return cv2.GaussianBlur(face, (0, 0), deviation_px).astype(np.float32)


def _relight(face: Floats, settings: Augmentation, rng: np.random.Generator) -> Floats:
    exponent = np.exp(rng.uniform(-settings.gamma, settings.gamma))
    return (255 * (face / 255) ** exponent).astype(np.float32)


def _dim(face: Floats, rng: np.random.Generator) -> Floats:
    gain = np.exp(rng.uniform(np.log(1 / 12), 0))
    # A pixel of a smaller picture is larger, and gathers more light.
    seen = np.maximum(electrons(face, gain * (FACE_SIZE_PX / face.shape[0]) ** 2, rng), 0)
    return (255 * seen / max(1, seen.max())).astype(np.float32)


def _erase(face: Floats, rng: np.random.Generator) -> None:
    side = face.shape[0]
    height, width = rng.integers(side // 8, side // 3, 2)
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    face[top : top + height, left : left + width] = face.mean()
