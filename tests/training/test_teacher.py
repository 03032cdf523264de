from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from servicekit.errors import InvalidInputError
from tests.training.support import TINY, rounded, some_faces
from training.batches import draw_batches
from training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from training.dataset import FaceDataset, load_splits
from training.errors import CheckpointError, ModelError
from training.initial import describe
from training.settings import TrainingSettings
from training.teacher import Teachers
from training.train import train
from training.trainer import Trainer

TAUGHT = TINY.model_copy(update={"teacher_share": 0.5})


def test_a_version_and_the_checkpoint_it_came_from_say_the_same(exported: Path, run_dir: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(run_dir / "checkpoint.npz")
    save_checkpoint(tmp_path / "checkpoint.npz", replace(checkpoint, best=rounded(checkpoint.best)))
    said = (Teachers([path]).say(some_faces(8)) for path in (exported, tmp_path / "checkpoint.npz"))
    for first, second in zip(*said, strict=True):
        assert first.shape == (8, 7)
        assert first.dtype == np.float32
        np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_several_teachers_say_their_mean(exported: Path, run_dir: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(run_dir / "checkpoint.npz")
    save_checkpoint(tmp_path / "other.npz", replace(checkpoint, best=[2 * each for each in checkpoint.best]))
    alone = [Teachers([path]).say(some_faces(8)) for path in (exported, tmp_path / "other.npz")]
    assert not np.allclose(alone[0][0], alone[1][0], atol=1e-3)
    for said, *each in zip(Teachers([exported, tmp_path / "other.npz"]).say(some_faces(8)), *alone, strict=True):
        np.testing.assert_allclose(said, np.mean(each, axis=0), atol=1e-5)


def test_teachers_are_asked_about_each_picture_at_full_size_and_have_their_share(dataset: FaceDataset) -> None:
    seen: list[np.ndarray] = []

    def ask(faces: np.ndarray) -> list[np.ndarray]:
        seen.append(faces)
        return [np.tile(np.eye(7, dtype=np.float32)[column], (len(faces), 1)) for column in (2, 3)]

    plain, taught = (
        next(draw_batches(dataset, TAUGHT, side, 1, np.random.default_rng(0), say))
        for side, say in ((48, None), (24, ask))
    )
    np.testing.assert_array_equal(seen[0], plain.faces)
    assert taught.faces.shape == (16, 24, 24, 1)
    np.testing.assert_allclose(taught.faces.mean(axis=(1, 2)), plain.faces.mean(axis=(1, 2)), rtol=1e-4)
    for head, said in enumerate(ask(plain.faces)):
        weight = plain.weights[head][:, None]
        np.testing.assert_allclose(taught.weights[head], (plain.weights[head] + 1) / 2, atol=1e-6)
        expected = (weight * plain.targets[head] + said) / (weight + 1)
        np.testing.assert_allclose(taught.targets[head], expected, atol=1e-6)
        np.testing.assert_allclose(taught.targets[head].sum(axis=1), 1, atol=1e-5)


def test_a_face_that_nobody_saw_an_emotion_in_has_what_the_teachers_say() -> None:
    votes = np.zeros((1, 10), np.uint8)
    votes[0, 9] = 10
    faces = FaceDataset(np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.int64), votes)
    said = [np.full((1, 7), 1 / 7, np.float32)] * 2
    (batch,) = draw_batches(faces, TAUGHT, 48, 1, np.random.default_rng(0), lambda _: said)
    np.testing.assert_allclose(batch.targets[0], said[0], atol=1e-6)
    assert batch.weights[0] == pytest.approx(0.5)


def test_a_run_goes_on_with_the_teachers_that_it_was_begun_with(exported: Path, data_dir: Path, tmp_path: Path) -> None:
    config, settings = TAUGHT.model_copy(update={"epochs": 1}), TrainingSettings(fer2013_dir=data_dir)
    train(config, settings, tmp_path / "run", teachers=[exported])
    checkpoint = read_checkpoint(tmp_path / "run" / "checkpoint.npz")
    assert checkpoint.teachers == describe(exported)
    train(config, settings, tmp_path / "run", teachers=[exported])
    with pytest.raises(CheckpointError, match="The run's teachers were"):
        train(config, settings, tmp_path / "run", teachers=[exported, exported])
    splits = load_splits(data_dir, config.selection_share, config.seed)
    with pytest.raises(CheckpointError, match="not none"):
        Trainer(config, splits.train, splits.selection).restore(checkpoint)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_share_without_teachers_or_teachers_without_a_share_are_refused(
    exported: Path, data_dir: Path, tmp_path: Path, share: float
) -> None:
    config = TINY.model_copy(update={"teacher_share": share})
    with pytest.raises(InvalidInputError, match="share of the teachers"):
        train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, teachers=[] if share else [exported])


def test_a_teacher_of_another_release_is_named(run_dir: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(run_dir / "checkpoint.npz")
    other = replace(checkpoint, config=checkpoint.config.replace("epochs", "rounds", 1))
    save_checkpoint(tmp_path / "other.npz", other)
    with pytest.raises(ModelError, match=r"other\.npz was written by another release"):
        Teachers([tmp_path / "other.npz"])
    with pytest.raises(CheckpointError, match=r"other\.npz was written by another release"):
        load_checkpoint(tmp_path / "other.npz", TINY)


@pytest.mark.parametrize("name", ["absent.npz", "folder"])
def test_a_teacher_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match=name):
        Teachers([tmp_path / name])
