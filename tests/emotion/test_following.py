"""Faces in the pictures of one stream, at times of the tests' own."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.emotion import Emotion
from services.capture.demo import draw_empty_room, draw_face
from services.emotion.faces import FaceFinder
from services.emotion.following import SEARCH_EVERY_S, UNCONFIRMED_S, FaceFollower
from services.emotion.tracks import Box, overlap
from tests.emotion.test_faces import picture_of, turned

FACE = draw_face(Emotion.HAPPY, jitter=0)
STEP_S = 0.2


def moved(pixels: NDArray[np.uint8], right: float = 0, down: float = 0, growth: float = 1) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0, growth)
    turn[:, 2] += right, down
    return cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def boxes(follower: FaceFollower, pictures: list[NDArray[np.uint8]], start_s: float = 0) -> list[list[Box]]:
    return [
        [face.box for face in follower.look(picture_of(pixels), start_s + STEP_S * number)]
        for number, pixels in enumerate(pictures)
    ]


def test_a_face_that_moves_is_followed_where_a_search_finds_it(finder: FaceFinder):
    pictures = [
        moved(FACE, 90 * np.sin(step / 3), 30 * np.sin(step / 2), 1 + 0.2 * np.sin(step / 4)) for step in range(25)
    ]
    for pixels, seen in zip(pictures, boxes(FaceFollower(finder), pictures), strict=True):
        assert overlap(seen[0], finder.find(picture_of(pixels))[0].box) > 0.7


def test_a_head_that_leans_is_followed_and_its_crop_stays_upright(finder: FaceFinder):
    follower = FaceFollower(finder)
    upright = follower.look(picture_of(FACE), 0)[0]
    degrees = [45 * min(1, step / 10) for step in range(31)]
    seen = [follower.look(picture_of(turned(FACE, lean)), STEP_S * step) for step, lean in enumerate(degrees, start=1)]
    face = seen[-1][0]
    assert face.roll > 0
    assert np.corrcoef(face.crop.ravel(), upright.crop.ravel())[0, 1] > 0.4
    back = [follower.look(picture_of(FACE), STEP_S * step)[0].roll for step in range(32, 46)]
    assert back[-1] == 0


def test_a_leaning_face_is_found_at_the_start_of_a_stream(finder: FaceFinder):
    seen = boxes(FaceFollower(finder), [turned(FACE, 45)] * 5)
    assert seen[-1]


def test_a_newcomer_is_found_beside_the_face_that_is_followed(finder: FaceFinder):
    alone = np.full((480, 960, 3), 128, np.uint8)
    alone[:, :480] = FACE[:, 80:560]
    both = alone.copy()
    both[:, 480:] = FACE[:, 80:560]
    follower = FaceFollower(finder)
    assert len(boxes(follower, [alone] * 3)[-1]) == 1
    pictures = [both] * (int(SEARCH_EVERY_S / STEP_S) + 1)
    assert len(boxes(follower, pictures, start_s=3 * STEP_S)[-1]) == 2


def test_who_has_left_is_not_seen_any_more(finder: FaceFinder):
    follower = FaceFollower(finder)
    assert boxes(follower, [FACE])[-1]
    assert boxes(follower, [draw_empty_room(seed=1)] * 3, start_s=STEP_S) == [[], [], []]


def test_what_only_looks_like_its_own_picture_is_not_believed_for_long(finder: FaceFinder):
    follower = FaceFollower(finder)
    blurred = [cv2.GaussianBlur(FACE, (0, 0), 1 + 4 * step).astype(np.uint8) for step in range(12)]
    unseen = next(pixels for pixels in blurred if not finder.find(picture_of(pixels)))
    boxes(follower, blurred)
    pictures = [unseen] * (int(UNCONFIRMED_S / STEP_S) + 2)
    assert not boxes(follower, pictures, start_s=len(blurred) * STEP_S)[-1]


def test_pictures_that_have_nothing_to_do_with_each_other_are_each_searched(finder: FaceFinder):
    one, other = moved(FACE, -150), moved(FACE, 150, growth=0.7)
    for seen, pixels in zip(boxes(FaceFollower(finder), [one, other, one, other]), [one, other] * 2, strict=True):
        assert overlap(seen[0], finder.find(picture_of(pixels))[0].box) > 0.6


def test_pictures_of_changing_sizes_are_read(finder: FaceFinder):
    small = np.ascontiguousarray(FACE[::2, ::2])
    lying = np.ascontiguousarray(FACE[:, 200:440])
    for seen in boxes(FaceFollower(finder), [FACE, small, lying, small, FACE]):
        assert seen
