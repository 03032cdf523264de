from collections.abc import Iterator

import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from tests.training.support import TINY
from training.batches import Batch, ahead, draw_batches, draw_rows
from training.config import Augmentation, TrainingConfig
from training.dataset import FaceDataset

STILL = Augmentation(flip=0, rotate_deg=0, scale=0, shift=0, gamma=0, blur=0, noise=0, erase=0)


def drawn(dataset: FaceDataset, **changes: object) -> list[Batch]:
    config = TrainingConfig.model_validate(TINY.model_dump() | {"augmentation": STILL} | changes)
    return list(draw_batches(dataset, config, 48, 3, np.random.default_rng(0)))


def test_an_epoch_shows_each_face_and_a_rare_emotion_s_more_often() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    votes = np.zeros((100, 10), np.uint8)
    votes[np.arange(100), np.where(labels == 0, 4, 5)] = 10  # angry and disgust, in the columns of FER+
    faces = FaceDataset(np.zeros((100, 48, 48), np.uint8), labels, votes)
    rows = draw_rows(faces, 2.0, np.random.default_rng(0))
    shown = np.bincount(rows, minlength=100)
    assert (shown[:90] == 1).all()
    assert shown[90:].min() >= 1
    assert 10 < shown[90:].sum() <= 20
    assert np.bincount(draw_rows(faces, 1.0, np.random.default_rng(0))).tolist() == [1] * 100


def test_batches_have_the_asked_size_and_depend_on_the_seed_alone(dataset: FaceDataset) -> None:
    first, again = drawn(dataset), drawn(dataset)
    assert [batch.faces.shape for batch in first] == [(16, 48, 48, 1)] * 3
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.faces, b.faces)
    assert all(target.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-5) for target in first[0].targets)


def test_a_blended_face_has_the_targets_of_both_in_the_same_parts(dataset: FaceDataset) -> None:
    # One all-black angry face and one all-white happy one: how bright a blend is tells its parts.
    votes = np.zeros((2, 10), np.uint8)
    votes[0, 4], votes[1, 1] = 10, 10
    images = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    labels = np.array([EMOTIONS.index(Emotion.ANGRY), EMOTIONS.index(Emotion.HAPPY)])
    pair = FaceDataset(images, labels, votes)
    config = TINY.model_copy(update={"augmentation": STILL.model_copy(update={"mixup": 1.0}), "batch_size": 2})
    batches = [batch for seed in range(20) for batch in draw_batches(pair, config, 48, 1, np.random.default_rng(seed))]
    brightness = np.concatenate([batch.faces.mean(axis=(1, 2, 3)) / 255 for batch in batches])
    assert ((brightness > 0.05) & (brightness < 0.95)).any()
    for head in range(2):
        happy = np.concatenate([batch.targets[head][:, EMOTIONS.index(Emotion.HAPPY)] for batch in batches])
        np.testing.assert_allclose(happy, brightness, atol=1e-5)


def test_a_face_without_emotion_votes_adds_nothing_to_a_blend() -> None:
    votes = np.zeros((2, 10), np.uint8)
    votes[0, 9], votes[1, 1] = 10, 10  # not a face, happy
    faces = FaceDataset(np.zeros((2, 48, 48), np.uint8), np.zeros(2, np.int64), votes)
    config = TINY.model_copy(update={"augmentation": STILL.model_copy(update={"mixup": 1.0}), "batch_size": 2})
    for seed in range(10):
        (batch,) = draw_batches(faces, config, 48, 1, np.random.default_rng(seed))
        weighted = batch.weights[0] > 0
        assert batch.weights[0].max() <= 1
        assert batch.targets[0][weighted, EMOTIONS.index(Emotion.HAPPY)] == pytest.approx(1)


def test_what_is_prepared_ahead_comes_whole_and_in_order() -> None:
    assert list(ahead(iter(range(1, 20)))) == list(range(1, 20))


def test_what_fails_while_it_is_prepared_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("a bad face")

    with pytest.raises(ValueError, match="a bad face"):
        list(ahead(items()))
