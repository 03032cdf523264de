"""Pictures are measured before they are decoded, and nothing but a BadImageError comes out of a bad one."""

import time
import zlib
from collections.abc import Callable
from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contracts.emotion import Emotion
from services.capture.demo import draw_face
from services.emotion.errors import BadImageError
from services.emotion.image_headers import MAX_SCANS, MAX_SEGMENTS, ImageSize, measure
from services.emotion.images import ImageLimits, Picture
from tests.emotion.support import face_jpeg, jpeg, png

LIMITS = ImageLimits(max_bytes=1_000_000, max_pixels=400_000)
FACE = face_jpeg()

sides = st.integers(1, 300)


@given(width=sides, height=sides, suffix=st.sampled_from([".jpg", ".png"]), quality=st.integers(1, 100))
def test_the_header_says_what_the_decoder_finds(width: int, height: int, suffix: str, quality: int):
    image = cv2.imencode(suffix, np.zeros((height, width, 3), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    assert measure(image.tobytes()) == ImageSize(width, height)


@pytest.mark.parametrize("progressive", [0, 1])
def test_a_thumbnail_inside_the_header_is_not_taken_for_the_picture(progressive: int):
    picture = cv2.imencode(".jpg", np.zeros((90, 120), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive])[1]
    thumbnail = jpeg(np.zeros((8, 8), np.uint8))
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail
    image = picture.tobytes()
    assert measure(image[:2] + segment + b"\xff\xff" + image[2:]) == ImageSize(120, 90)


@pytest.mark.parametrize("reduced", [1, 2, 4, 8])
@pytest.mark.parametrize("encode", [jpeg, png])
def test_a_picture_is_decoded_to_grey_as_small_as_asked_for(encode: Callable[[NDArray[np.uint8]], bytes], reduced: int):
    picture = Picture(encode(draw_face(Emotion.HAPPY, seed=1)), LIMITS)
    grey = picture.grey(reduced)
    assert (grey.shape, grey.dtype) == ((480 // reduced, 640 // reduced), np.uint8)
    assert picture.size == (640, 480)
    whole = cv2.resize(picture.grey(), grey.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(grey.astype(int) - whole).mean() < 3


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize("size", [(641, 480), (750, 533), (487, 641), (655, 480), (49, 63)])
def test_a_picture_of_any_size_is_not_taken_for_lying(
    encode: Callable[[NDArray[np.uint8]], bytes], size: tuple[int, int]
):
    width, height = size
    assert Picture(encode(np.zeros((height, width), np.uint8)), LIMITS).size == size


def test_the_size_is_that_of_the_upright_picture():
    lying = (
        b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03" + b"\x00\x00\x00\x01\x00\x06"
    )
    image = FACE[:2] + lying + bytes(34 - len(lying) + 2) + FACE[2:]
    assert Picture(image, LIMITS).size == (480, 640)
    assert Picture(image, LIMITS).grey(4).shape == (160, 120)


def test_a_picture_is_scaled_to_a_length():
    pixels, scale = Picture(FACE, LIMITS).scaled(100)
    assert (pixels.shape, scale) == ((75, 100), pytest.approx(100 / 640))
    assert Picture(FACE, LIMITS).scaled(2000)[1] == 1


def test_a_picture_over_the_limits_is_refused_without_looking_further_than_its_header():
    header = png(np.zeros((64, 64), np.uint8))[:33]
    huge = header[:16] + (1_000_000).to_bytes(4) * 2 + header[24:]
    with pytest.raises(BadImageError) as caught:
        Picture(huge, LIMITS)
    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize(("width", "height", "accepted"), [(800, 500, True), (801, 500, False), (48, 48, True)])
def test_the_limit_is_the_last_size_accepted(width: int, height: int, accepted: bool):
    image = png(np.zeros((height, width), np.uint8))
    if accepted:
        assert Picture(image, LIMITS).grey().shape == (height, width)
    else:
        with pytest.raises(BadImageError):
            Picture(image, LIMITS).grey()


@settings(max_examples=200)
@given(noise=st.binary(max_size=2000))
def test_no_bytes_break_the_decoder(noise: bytes):
    for image in (noise, FACE[:2] + noise, FACE[:3] + noise, b"\x89PNG\r\n\x1a\n" + noise):
        with pytest.raises(BadImageError):
            Picture(image, LIMITS).grey()


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_picture_is_read_or_refused(data: st.DataObject):
    image = bytearray(FACE)
    for at in data.draw(st.lists(st.integers(0, len(FACE) - 1), min_size=1, max_size=8)):
        image[at] = data.draw(st.integers(0, 255))
    with suppress(BadImageError):
        assert Picture(bytes(image), LIMITS).grey().size <= LIMITS.max_pixels


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


def progressive() -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()


def test_a_picture_whose_scans_would_take_for_ever_is_refused_at_once():
    image = progressive()
    last = image[image.rindex(b"\xff\xda") : -2]
    began_s = time.process_time()
    with pytest.raises(BadImageError, match=f"more than {MAX_SCANS} scans") as caught:
        Picture(image[:-2] + last[:30] * 20_000 + b"\xff\xd9", LIMITS)
    assert caught.value.code == "image_too_complex"
    assert time.process_time() - began_s < 1
    assert Picture(image, LIMITS).grey().shape == (600, 600)


def test_scans_after_the_end_are_not_the_pictures():
    assert Picture(FACE + b"\xff\xda\x00\x08" * 100, LIMITS).grey().shape == (480, 640)


@pytest.mark.parametrize(
    "image",
    [
        FACE[:2] + b"\xff\xfe\x00\x02" * (MAX_SEGMENTS + 1),
        png(np.zeros((60, 60), np.uint8))[:33] + chunk(b"tEXt", b"a\0b") * (MAX_SEGMENTS + 1),
    ],
)
def test_a_picture_of_very_many_parts_is_refused(image: bytes):
    with pytest.raises(BadImageError, match=f"more than {MAX_SEGMENTS}"):
        Picture(image, LIMITS)


@pytest.mark.parametrize("head", [(b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0")])
def test_what_unfolds_beside_the_pixels_of_a_png_is_never_unfolded(head: tuple[bytes, bytes]):
    picture = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    plain = png(picture)
    name, start = head
    bomb = plain[:33] + chunk(name, start + zlib.compress(bytes(7_900_000), 9)) * 100 + plain[33:]
    began_s = time.process_time()
    assert np.array_equal(Picture(bomb, LIMITS).grey(), picture)
    assert time.process_time() - began_s < 1


def test_a_lying_png_is_turned_upright():
    plain = png(np.zeros((60, 80), np.uint8))
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    assert Picture(plain[:33] + chunk(b"eXIf", exif) + plain[33:], LIMITS).size == (60, 80)
