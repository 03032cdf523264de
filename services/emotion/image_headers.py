"""What a picture's bytes say of it, read before a decoder sees them: its size, and what would cost too much."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from services.emotion.errors import BadImageError

MAX_SCANS: Final = 32
"""Of a JPEG. Encoders make about ten; a decoder goes through all pixels for each, however few bytes it has."""
MAX_SEGMENTS: Final = 4096
"""Of a JPEG, or chunks of a PNG."""

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
_SCAN: Final = 0xDA
_END: Final = 0xD9
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# As libjpeg looks for the next one: what lies before it is skipped. Left out are bytes of the pixels and restart marks.
_MARKER: Final = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
_NEEDED_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})


class ImageSize(NamedTuple):
    """Pixels."""

    width: int
    height: int


def measure(image: bytes) -> ImageSize:
    """The size that the header of a JPEG (ITU-T T.81, B.2.2) or PNG (ISO/IEC 15948, 11.2.2) states.

    Raises:
        BadImageError: the picture is empty, neither JPEG nor PNG, its header is broken, or it has too many parts.
    """
    if not image:
        raise BadImageError("The picture is empty.", "Send a JPEG or PNG.", code="image_empty")
    if image.startswith(_JPEG_SIGNATURE):
        return _jpeg_size(image)
    if image.startswith(_PNG_SIGNATURE):
        return _png_size(image)
    raise BadImageError("This is neither a JPEG nor a PNG.", "Encode the picture as one of them.", code="image_unknown")


def essential(image: bytes) -> bytes:
    """The picture without what a decoder does not need and might unfold: compressed texts and profiles in a PNG, frames
    of an animation. A JPEG stays as it is.

    Raises:
        BadImageError: it has too many parts.
    """
    if not image.startswith(_PNG_SIGNATURE):
        return image
    needed = [image[start:end] for name, start, end in _chunks(image) if name in _NEEDED_CHUNKS]
    return b"".join([_PNG_SIGNATURE, *needed])


def _chunks(image: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name, start and end of each chunk (ISO/IEC 15948, 5.3); a last one may be cut short."""
    at = len(_PNG_SIGNATURE)
    for _ in range(MAX_SEGMENTS):
        end = at + 12 + int.from_bytes(image[at : at + 4])
        name = image[at + 4 : at + 8]
        yield name, at, end
        if name == b"IEND" or end >= len(image):
            return
        at = end
    raise _too_many("chunks", MAX_SEGMENTS)


def _png_size(image: bytes) -> ImageSize:
    if len(image) < 24 or image[12:16] != b"IHDR":  # noqa: PLR2004  (8 signature, 4 length, 4 type, 4 + 4 sizes)
        raise broken()
    return ImageSize(int.from_bytes(image[16:20]), int.from_bytes(image[20:24]))


def _jpeg_size(image: bytes) -> ImageSize:
    size, scans = None, 0
    for marker, at in _segments(image):
        if marker in _FRAME_HEADERS and size is None and at + 7 <= len(image):
            size = ImageSize(int.from_bytes(image[at + 5 : at + 7]), int.from_bytes(image[at + 3 : at + 5]))
        scans += marker == _SCAN
        if scans > MAX_SCANS:
            raise _too_many("scans", MAX_SCANS)
    if size is None:
        raise broken()
    return size


def _segments(image: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment, and the place of its length (ITU-T T.81, B.1.1.4)."""
    at = len(_JPEG_SIGNATURE) - 1
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(image, at)
        if found is None or found[1][0] == _END:
            return
        at = found.end()
        yield found[1][0], at
        at += int.from_bytes(image[at : at + 2])
    raise _too_many("segments", MAX_SEGMENTS)


def broken() -> BadImageError:
    """What to say of a picture that cannot be decoded."""
    return BadImageError("The picture is broken or cut short.", "Encode it again and send all of its bytes.")


def _too_many(parts: str, most: int) -> BadImageError:
    return BadImageError(
        f"The picture is made of more than {most} {parts}.",
        "Encode it again, as a baseline JPEG for example.",
        code="image_too_complex",
    )
