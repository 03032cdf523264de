"""Faces in drawn pictures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.peers.frames import FACE_PX, FER2013, labelled_frames
from contracts.emotion import EMOTIONS, Emotion
from servicekit.errors import ConfigurationError
from services.capture.demo import draw_empty_room, draw_face
from services.emotion.faces import LIVE, STILL, FaceFinder, Search
from services.emotion.images import ImageLimits, Picture
from services.emotion.tracks import Box, overlap
from tests.emotion.support import jpeg

LIMITS = ImageLimits(max_bytes=10**7, max_pixels=10**7)


def picture_of(pixels: NDArray[np.uint8]) -> Picture:
    return Picture(jpeg(pixels), LIMITS)


def turned(pixels: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Clockwise."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    return cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_drawn_face_is_found_where_it_is(finder: FaceFinder, emotion: Emotion):
    face = finder.find(picture_of(draw_face(emotion, jitter=0)), LIVE)[0]
    assert overlap(face.box, Box(220, 130, 200, 230)) > 0.5
    assert (face.crop.shape, face.crop.dtype) == ((48, 48), np.uint8)


@pytest.mark.parametrize("search", [LIVE, STILL], ids=["live", "still"])
def test_an_empty_room_and_noise_show_nobody(finder: FaceFinder, search: Search):
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    assert not finder.find(picture_of(draw_empty_room(seed=1)), search)
    assert not finder.find(picture_of(noise), search)


def test_a_large_picture_shows_the_same_faces(finder: FaceFinder):
    small = draw_face(Emotion.HAPPY, seed=1)
    large = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    here, there = (finder.find(picture_of(pixels), LIVE)[0] for pixels in (small, large))
    assert overlap(Box(*(4 * side for side in here.box)), there.box) > 0.8
    assert np.abs(there.crop.astype(int) - here.crop).mean() < 12


@pytest.mark.parametrize("degrees", [-45, 45])
def test_a_face_that_leans_is_found_and_cut_out_upright(finder: FaceFinder, degrees: int):
    upright = finder.find(picture_of(draw_face(Emotion.HAPPY, jitter=0)))[0]
    leaning = finder.find(picture_of(turned(draw_face(Emotion.HAPPY, jitter=0), degrees)))[0]
    assert leaning.roll == pytest.approx(degrees, abs=25)
    assert leaning.roll * degrees > 0
    assert overlap(leaning.box, upright.box) > 0.4
    assert np.corrcoef(leaning.crop.ravel(), upright.crop.ravel())[0, 1] > 0.5


def test_boxes_stay_inside_the_picture(finder: FaceFinder):
    pixels = draw_face(Emotion.HAPPY, seed=1)
    for width in range(400, 420):
        for face in finder.find(picture_of(np.ascontiguousarray(pixels[:, :width])), STILL):
            assert face.box.x + face.box.width <= width
            assert face.box.y + face.box.height <= pixels.shape[0]


def test_many_threads_find_what_one_finds(finder: FaceFinder):
    pictures = [draw_face(emotion, seed=seed) for seed in range(2) for emotion in EMOTIONS]

    def boxes(pixels: NDArray[np.uint8]) -> list[Box]:
        return [face.box for face in finder.find(picture_of(pixels), LIVE)]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(boxes, pictures))
    assert together == [boxes(picture) for picture in pictures]


def test_a_missing_cascade_is_named_at_once(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"opencv-python-headless"):
        FaceFinder(tmp_path / "none.xml")


def test_looking_aside_changes_nothing_where_there_is_an_upright_face_or_nobody(finder: FaceFinder):
    search = LIVE._replace(aside=True)
    assert finder.find(picture_of(draw_empty_room(seed=1)), search) == []
    upright = picture_of(draw_face(Emotion.HAPPY, jitter=0))
    assert finder.search(upright, search) == finder.search(upright, LIVE) != []


@pytest.mark.skipif(not FER2013.is_file(), reason="no photographs of faces: FER-2013 is not there")
def test_a_face_turned_to_either_side_is_found_where_it_is(finder: FaceFinder):
    jpeg_bytes = labelled_frames(81, 1)[80].jpeg
    grey = np.asarray(cv2.imdecode(np.frombuffer(jpeg_bytes, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    one, other = (picture_of(each) for each in (grey, np.ascontiguousarray(grey[:, ::-1])))
    assert finder.search(one, LIVE) == finder.search(other, LIVE) == []
    search = LIVE._replace(aside=True)
    (here,), (there,) = finder.search(one, search), finder.search(other, search)
    assert abs(here.x - (640 - there.x)) < 0.1 * here.side
    assert abs(here.x - 320) < 0.2 * FACE_PX
