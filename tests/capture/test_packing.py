from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from contracts.model import FACE_SIZE_PX
from services.capture.demo import draw_empty_room, draw_face
from services.capture.drawn_face import Image
from services.capture.pacing import Encoding
from services.capture.packing import CropPacker, PicturePacker, encode

NOW = datetime.now(UTC)


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8, copy=False)


def test_a_picture_is_encoded_as_is_asked_for_now():
    encoding = Encoding(320, 320, 90)
    pack = PicturePacker(lambda: encoding)
    large = pack(draw_face(Emotion.HAPPY), NOW)
    encoding = Encoding(160, 60, 30)
    small = pack(draw_face(Emotion.HAPPY), NOW)
    assert decoded(large.image).shape == (240, 320, 3)
    assert decoded(small.image).shape == (60, 80, 3)
    assert (large.captured_at, large.crops) == (NOW, None)


def test_a_small_picture_is_not_enlarged():
    assert decoded(encode(np.zeros((40, 50, 3), np.uint8))).shape == (40, 50, 3)


def test_a_file_that_is_no_picture_goes_as_it_is():
    assert PicturePacker(Encoding)(b"text", NOW).image == b"text"


def test_only_the_face_leaves_the_device():
    found = [CropPacker()(draw_face(emotion, seed=seed), NOW) for emotion in EMOTIONS for seed in range(5)]
    assert all(frame.image == b"" for frame in found)
    assert np.mean([len(frame.crops or ()) == 1 for frame in found]) >= 0.95
    crop = next(crop for frame in found for crop in frame.crops or ())
    assert len(crop.pixels) == FACE_SIZE_PX**2
    assert 150 < crop.width < 260
    assert 240 < crop.x + crop.width / 2 < 400


def test_the_crop_is_what_the_box_holds():
    picture = draw_face(Emotion.HAPPY, seed=1)
    (crop,) = list(CropPacker()(picture, NOW).crops or ())
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    face = np.frombuffer(crop.pixels, np.uint8).reshape(FACE_SIZE_PX, FACE_SIZE_PX)
    assert abs(face.mean() - grey.mean()) < 2
    assert np.corrcoef(face.ravel(), cv2.resize(grey, (FACE_SIZE_PX, FACE_SIZE_PX)).ravel())[0, 1] > 0.95


def test_an_empty_room_and_a_file_that_is_no_picture_have_no_face():
    pack = CropPacker()
    assert list(pack(draw_empty_room(seed=1), NOW).crops or ()) == []
    assert pack(b"text", NOW) == (b"", NOW, ())


@pytest.mark.parametrize("shape", [(2, 1000, 3), (1000, 2, 3)])
def test_a_strip_has_no_face(shape: tuple[int, ...]):
    assert list(CropPacker()(np.zeros(shape, np.uint8), NOW).crops or ()) == []


def test_the_largest_face_comes_first_and_a_box_ends_with_the_picture():
    picture = np.full((480, 960, 3), 128, np.uint8)
    picture[:240, :320] = draw_face(Emotion.HAPPY)[::2, ::2]
    picture[:, 320:] = draw_face(Emotion.HAPPY)
    crops = CropPacker()(picture, NOW).crops or ()
    assert [crop.width for crop in crops] == sorted((crop.width for crop in crops), reverse=True)
    assert len(crops) == 2
    assert all(crop.x + crop.width <= 960 and crop.y + crop.height <= 480 for crop in crops)
