"""Faces that a client found itself and sends instead of a picture."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from contracts.model import FACE_SIZE_PX
from services.emotion.errors import BadImageError
from services.emotion.faces import FoundFace
from services.emotion.tracks import Box

CROP_BYTES: Final = FACE_SIZE_PX * FACE_SIZE_PX


class SentCrop(NamedTuple):
    """A face as it came; nothing about it has been checked."""

    box: Box
    pixels: bytes


def faces_of(crops: Sequence[SentCrop], max_faces: int) -> list[FoundFace]:
    """The faces as the model wants them, in their order.

    Raises:
        BadImageError: there are too many, a box is empty, or a crop is not `CROP_BYTES` long.
    """
    if len(crops) > max_faces:
        raise BadImageError(
            f"There are {len(crops)} faces; at most {max_faces} are taken.",
            "Send the largest ones.",
            code="too_many_faces",
        )
    return [_face(crop) for crop in crops]


def _face(crop: SentCrop) -> FoundFace:
    if not crop.box.area:
        raise BadImageError(
            "The box of a face is empty.", "Say where in the picture the face was.", code="crop_without_box"
        )
    if len(crop.pixels) != CROP_BYTES:
        raise BadImageError(
            f"A face has {len(crop.pixels):,} bytes, not {CROP_BYTES:,}.",
            f"Send {FACE_SIZE_PX}x{FACE_SIZE_PX} grey pixels, one byte each, row by row.",
            code="crop_size_wrong",
        )
    return FoundFace(crop.box, np.frombuffer(crop.pixels, np.uint8).reshape(FACE_SIZE_PX, FACE_SIZE_PX))
