from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from servicekit.errors import InvalidInputError
from tests.training.support import TINY, rounded
from training.batches import draw_batches
from training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from training.dataset import FaceDataset, load_splits
from training.errors import CheckpointError, ModelError
from training.initial import describe
from training.settings import TrainingSettings
from training.teacher import load_teacher, teach
from training.train import train
from training.trainer import Trainer, predict_logits

TAUGHT = TINY.model_copy(update={"teacher_share": 0.5})


def test_a_version_and_the_checkpoint_it_came_from_say_the_same(
    exported: Path, run_dir: Path, dataset: FaceDataset, tmp_path: Path
) -> None:
    checkpoint = read_checkpoint(run_dir / "checkpoint.npz")
    save_checkpoint(tmp_path / "checkpoint.npz", replace(checkpoint, best=rounded(checkpoint.best)))
    a, b = teach([exported], dataset), teach([tmp_path / "checkpoint.npz"], dataset)
    for first, second in zip(a, b, strict=True):
        assert first.shape == (len(dataset), 7)
        assert first.dtype == np.float32
        np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_what_is_taught_is_the_mean_over_teachers_and_mirror_images(exported: Path, dataset: FaceDataset) -> None:
    faces = dataset.select(np.arange(8))
    mirrored = replace(faces, images=faces.images[:, :, ::-1])
    seen = [predict_logits(load_teacher(exported), each)[0] for each in (faces, mirrored)]
    assert not np.allclose(*seen, atol=1e-3)
    expected = np.mean([softmax(logits, axis=1) for logits in seen], axis=0)
    np.testing.assert_allclose(teach([exported, exported], faces)[0], expected, atol=1e-5)


def test_what_is_taught_has_its_share_of_the_targets(dataset: FaceDataset) -> None:
    taught = [np.tile(np.eye(7, dtype=np.float32)[column], (len(dataset), 1)) for column in (2, 3)]
    labels, mixed, deaf = (
        next(draw_batches(dataset, config, 48, 1, np.random.default_rng(0), said)).targets
        for config, said in ((TAUGHT, None), (TAUGHT, taught), (TINY, taught))
    )
    for head in range(2):
        np.testing.assert_allclose(mixed[head], (labels[head] + taught[head][:16]) / 2, atol=1e-6)
        np.testing.assert_allclose(deaf[head], labels[head], atol=1e-6)


def test_a_run_learns_from_its_teachers_and_keeps_them(exported: Path, data_dir: Path, tmp_path: Path) -> None:
    config = TAUGHT.model_copy(update={"epochs": 1, "side_px": {0: 16}})
    train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, teachers=[exported])
    checkpoint = read_checkpoint(tmp_path / "checkpoint.npz")
    assert checkpoint.teachers == describe(exported)
    splits = load_splits(data_dir, config.selection_share, config.seed)
    resumed = Trainer(config, splits.train, splits.selection)
    resumed.restore(checkpoint)
    for kept, said in zip(resumed.checkpoint().taught, teach([exported], splits.train), strict=True):
        np.testing.assert_allclose(kept, said, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_share_without_teachers_or_teachers_without_a_share_are_refused(
    exported: Path, data_dir: Path, tmp_path: Path, share: float
) -> None:
    config = TINY.model_copy(update={"teacher_share": share})
    with pytest.raises(InvalidInputError, match="share of the teachers"):
        train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, teachers=[] if share else [exported])


def test_a_teacher_of_another_release_is_named(dataset: FaceDataset, run_dir: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(run_dir / "checkpoint.npz")
    other = replace(checkpoint, config=checkpoint.config.replace("epochs", "rounds", 1))
    save_checkpoint(tmp_path / "other.npz", other)
    with pytest.raises(ModelError, match=r"other\.npz was written by another release"):
        teach([tmp_path / "other.npz"], dataset)
    with pytest.raises(CheckpointError, match=r"other\.npz was written by another release"):
        load_checkpoint(tmp_path / "other.npz", TINY)


@pytest.mark.parametrize("name", ["absent.npz", "folder"])
def test_a_teacher_that_cannot_be_read_is_named(tmp_path: Path, dataset: FaceDataset, name: str) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match=name):
        teach([tmp_path / name], dataset)
