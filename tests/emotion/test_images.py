"""Pictures are measured before they are decoded, and nothing but a BadImageError comes out of a bad one."""

from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.emotion.errors import BadImageError
from services.emotion.images import ImageLimits, ImageSize, decode_grey, measure
from tests.emotion.support import face_jpeg, jpeg, png

LIMITS = ImageLimits(max_bytes=200_000, max_pixels=400_000)
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


def test_a_picture_is_decoded_to_grey():
    grey = decode_grey(FACE, LIMITS)
    assert (grey.shape, grey.dtype) == ((480, 640), np.uint8)


def test_a_picture_over_the_limits_is_refused_without_looking_further_than_its_header():
    header = png(np.zeros((64, 64), np.uint8))[:33]
    huge = header[:16] + (1_000_000).to_bytes(4) * 2 + header[24:]
    with pytest.raises(BadImageError) as caught:
        decode_grey(huge, LIMITS)
    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize(("width", "height", "accepted"), [(800, 500, True), (801, 500, False), (48, 48, True)])
def test_the_limit_is_the_last_size_accepted(width: int, height: int, accepted: bool):
    image = png(np.zeros((height, width), np.uint8))
    if accepted:
        assert decode_grey(image, LIMITS).shape == (height, width)
    else:
        with pytest.raises(BadImageError):
            decode_grey(image, LIMITS)


@settings(max_examples=200)
@given(noise=st.binary(max_size=2000))
def test_no_bytes_break_the_decoder(noise: bytes):
    for image in (noise, FACE[:2] + noise, FACE[:3] + noise, b"\x89PNG\r\n\x1a\n" + noise):
        with pytest.raises(BadImageError):
            decode_grey(image, LIMITS)


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_picture_is_read_or_refused(data: st.DataObject):
    image = bytearray(FACE)
    for at in data.draw(st.lists(st.integers(0, len(FACE) - 1), min_size=1, max_size=8)):
        image[at] = data.draw(st.integers(0, 255))
    with suppress(BadImageError):
        assert decode_grey(bytes(image), LIMITS).size <= LIMITS.max_pixels
