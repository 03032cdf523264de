"""Faces in drawn pictures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from servicekit.errors import ConfigurationError
from services.capture.demo import draw_empty_room, draw_face
from services.emotion.faces import LIVE, STILL, FaceFinder, Search, crop
from services.emotion.images import GreyImage
from services.emotion.tracks import Box, overlap


def grey(picture: GreyImage) -> GreyImage:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_drawn_face_is_found_where_it_is(finder: FaceFinder, emotion: Emotion):
    face = finder.find(grey(draw_face(emotion, jitter=0)), LIVE)[0]
    assert overlap(face.box, Box(220, 130, 200, 230)) > 0.5
    assert (face.crop.shape, face.crop.dtype) == ((48, 48), np.uint8)


@pytest.mark.parametrize("search", [LIVE, STILL], ids=["live", "still"])
def test_an_empty_room_and_noise_show_nobody(finder: FaceFinder, search: Search):
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    assert not finder.find(grey(draw_empty_room(seed=1)), search)
    assert not finder.find(noise, search)


def test_a_large_picture_is_searched_small_and_cut_out_of_the_original(finder: FaceFinder):
    small = grey(draw_face(Emotion.HAPPY, seed=1))
    large = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    here, there = finder.find(small, LIVE)[0], finder.find(large, LIVE)[0]
    assert overlap(Box(*(4 * side for side in here.box)), there.box) > 0.8
    assert np.array_equal(there.crop, crop(large, there.box))


def test_boxes_stay_inside_the_picture(finder: FaceFinder):
    picture = grey(draw_face(Emotion.HAPPY, seed=1))
    for width in range(637, 641):
        for face in finder.find(np.ascontiguousarray(picture[:, :width]), STILL):
            assert face.box.x + face.box.width <= width
            assert face.box.y + face.box.height <= picture.shape[0]


def test_many_threads_find_what_one_finds(finder: FaceFinder):
    pictures = [grey(draw_face(emotion, seed=seed)) for seed in range(2) for emotion in EMOTIONS]

    def boxes(picture: GreyImage) -> list[Box]:
        return [face.box for face in finder.find(picture, LIVE)]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(boxes, pictures))
    assert together == [boxes(picture) for picture in pictures]


def test_a_missing_cascade_is_named_at_once(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"opencv-python-headless"):
        FaceFinder(tmp_path / "none.xml")
