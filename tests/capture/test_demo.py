from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from services.capture.demo import SCENES, demo_frames, draw_empty_room, draw_face
from services.capture.drawn_face import HEIGHT_PX, WIDTH_PX, Image

SEEDS_PER_EMOTION = 10
CASCADE = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"


@pytest.fixture(scope="module")
def cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(CASCADE))


def faces_in(image: Image, cascade: cv2.CascadeClassifier) -> int:
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return len(cascade.detectMultiScale(gray, 1.2, 5, minSize=(120, 120)))


def test_the_cascade_finds_one_face_in_practically_every_picture(cascade: cv2.CascadeClassifier):
    found = [
        faces_in(draw_face(emotion, seed=seed), cascade) == 1
        for emotion in EMOTIONS
        for seed in range(SEEDS_PER_EMOTION)
    ]
    assert np.mean(found) >= 0.95


def test_the_cascade_finds_nobody_in_the_empty_room(cascade: cv2.CascadeClassifier):
    assert not any(faces_in(draw_empty_room(seed=seed), cascade) for seed in range(10))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_expression_is_a_picture_of_its_own(emotion: Emotion):
    face = draw_face(emotion, jitter=0)
    assert face.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert face.dtype == np.uint8
    others = [draw_face(other, jitter=0) for other in EMOTIONS if other != emotion]
    assert min(np.abs(face.astype(int) - other).max() for other in others) > 50


def test_without_intensity_every_face_is_neutral():
    assert np.array_equal(draw_face(Emotion.HAPPY, 0.0, seed=3), draw_face(Emotion.NEUTRAL, seed=3))


def test_a_seed_makes_the_picture():
    assert np.array_equal(draw_face(Emotion.SAD, seed=1), draw_face(Emotion.SAD, seed=1))
    assert not np.array_equal(draw_face(Emotion.SAD, seed=1), draw_face(Emotion.SAD, seed=2))


def test_the_clip_has_its_length():
    assert len(list(demo_frames(fps=5, seconds=2))) == 10


def test_the_clip_goes_round_with_a_break_without_a_face(cascade: cv2.CascadeClassifier):
    round_s = sum(scene.seconds for scene in SCENES)
    seen = [faces_in(frame, cascade) for frame in islice(demo_frames(fps=1), round(round_s) + 3)]
    absent = [moment_s for moment_s, count in enumerate(seen) if count == 0]
    starts_s = np.cumsum([0, *(scene.seconds for scene in SCENES)])
    expected = [
        range(int(start), int(start + scene.seconds))
        for start, scene in zip(starts_s, SCENES, strict=False)
        if scene.emotion is None
    ]
    assert absent == [moment_s for span in expected for moment_s in span]
