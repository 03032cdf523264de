"""Pictures from clients: measured by their headers, refused or decoded."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from services.emotion.errors import BadImageError
from services.emotion.image_headers import ImageSize, broken, essential, measure

GreyImage = NDArray[np.uint8]
"""uint8, (height, width), 0..255."""

MIN_SIDE_PX: Final = 48
"""The model's input size: a smaller picture has no face that could be read."""

_DECODINGS: Final = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""By how many times smaller."""


class ImageLimits(NamedTuple):
    """What a client may send at most."""

    max_bytes: int
    max_pixels: int


class Picture:
    """A JPEG or PNG in memory, decoded to grey as often and as small as is asked for, upright by its EXIF orientation.

    The size is taken from the header first, so a picture over the limits is never decoded. Decoding blocks: do it off
    the event loop.

    Raises:
        BadImageError: the picture is empty, not a JPEG or PNG, broken, too large, too small or too complex.
    """

    def __init__(self, image: bytes, limits: ImageLimits) -> None:
        if len(image) > limits.max_bytes:
            raise BadImageError(
                f"The picture has {len(image):,} bytes; at most {limits.max_bytes:,} are taken.",
                "Send it smaller, or with a lower JPEG quality.",
                code="image_too_large",
            )
        self._stated = measure(image)
        _check(self._stated, limits)
        self._bytes = np.frombuffer(essential(image), np.uint8)
        self._decoded: dict[int, GreyImage] = {}

    @property
    def size(self) -> ImageSize:
        """Upright."""
        if not self._decoded:
            self.grey(max(_DECODINGS))
        reduced, grey = next(iter(self._decoded.items()))
        height, width = grey.shape
        stated = self._stated
        # A JPEG made smaller is rounded up, a PNG down.
        upright = abs(width * reduced - stated.width) < reduced and abs(height * reduced - stated.height) < reduced
        return stated if upright else ImageSize(stated.height, stated.width)

    def grey(self, reduced: int = 1) -> GreyImage:
        """Decode it, 1, 2, 4 or 8 times smaller: a JPEG is made smaller before its pixels are computed.

        Raises:
            BadImageError: it is broken or cut short.
        """
        if reduced not in self._decoded:
            self._decoded[reduced] = self._decode(_DECODINGS[reduced])
        return self._decoded[reduced]

    def _decode(self, how: int) -> GreyImage:
        try:
            grey = cv2.imdecode(self._bytes, how)
        except cv2.error as error:
            raise broken() from error
        if grey is None:  # pyright: ignore[reportUnnecessaryComparison]  (the stubs do not know that it can fail)
            raise broken()
        return grey.astype(np.uint8, copy=False)

    def reduction(self, length_px: float, at_least_px: float) -> int:
        """How many times smaller it can be decoded so that a length in it keeps some pixels."""
        return max(reduced for reduced in _DECODINGS if reduced == 1 or length_px / reduced >= at_least_px)

    def scaled(self, longest_side_px: float) -> tuple[GreyImage, float]:
        """Scaled down to a length of the longer side, and by what factor, at most 1."""
        reduced = self.reduction(max(self._stated), longest_side_px)
        grey = self.grey(reduced)
        further = min(1.0, longest_side_px / max(grey.shape))
        if further < 1:
            smaller = cv2.resize(grey, None, fx=further, fy=further, interpolation=cv2.INTER_AREA)
            grey = smaller.astype(np.uint8, copy=False)
        return grey, further / reduced


def _check(size: ImageSize, limits: ImageLimits) -> None:
    if size.width * size.height > limits.max_pixels:
        raise BadImageError(
            f"The picture is {size.width}x{size.height}; at most {limits.max_pixels:,} pixels are taken.",
            "Scale it down before sending; 640x480 is plenty for a face before a camera.",
            code="image_too_large",
        )
    if min(size) < MIN_SIDE_PX:
        raise BadImageError(
            f"The picture is {size.width}x{size.height}; a face needs at least {MIN_SIDE_PX}x{MIN_SIDE_PX}.",
            "Send the whole camera picture, 640x480 for example.",
            code="image_too_small",
        )
