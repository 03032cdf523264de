import shutil
from pathlib import Path

import numpy as np
import pytest

from servicekit.errors import InvalidInputError
from tests.training.support import TINY
from training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from training.config import TrainingConfig
from training.configs import CONFIGS, choose_config
from training.dataset import FaceDataset
from training.errors import CheckpointError, DatasetError
from training.export import export_run
from training.schedule import cosine_with_warmup
from training.settings import TrainingSettings
from training.train import train
from training.trainer import Trainer


def trainer(dataset: FaceDataset, config: TrainingConfig = TINY) -> Trainer:
    return Trainer(config, dataset.select(np.arange(48)), dataset.select(np.arange(48, 112)))


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_resumed_run_ends_with_the_same_weights(dataset: FaceDataset, tmp_path: Path, optimizer: str) -> None:
    config = TINY.model_copy(update={"optimizer": optimizer})
    whole, interrupted, resumed = (trainer(dataset, config) for _ in range(3))
    for _ in range(TINY.epochs):
        whole.run_epoch(lambda: None)

    interrupted.run_epoch(lambda: None)
    save_checkpoint(tmp_path / "checkpoint.npz", interrupted.checkpoint())
    checkpoint = load_checkpoint(tmp_path / "checkpoint.npz", config)
    assert checkpoint is not None
    resumed.restore(checkpoint)
    resumed.run_epoch(lambda: None)

    expected, found = whole.checkpoint(), resumed.checkpoint()
    assert (found.epoch, found.best_score) == (expected.epoch, expected.best_score)
    for group in ("network", "optimizer", "average", "best"):
        for a, b in zip(getattr(expected, group), getattr(found, group), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_run_does_not_go_on_with_other_faces(run_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    run = shutil.copytree(run_dir, tmp_path / "run")
    with np.load(data_dir / "train.npz") as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(tmp_path / "train.npz", allow_pickle=False, **{name: array[::-1] for name, array in arrays.items()})
    shutil.copy(data_dir / "validation.npz", tmp_path)
    settings = TrainingSettings(fer2013_dir=tmp_path, runs_log=tmp_path / "runs.jsonl")
    with pytest.raises(CheckpointError, match="learned from other faces"):
        train(TINY, settings, run)
    with pytest.raises(CheckpointError, match="learned from other faces"):
        export_run("tiny", TINY, settings, run)


def test_an_older_checkpoint_that_does_not_tell_its_faces_can_be_gone_on_from(
    dataset: FaceDataset, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path / "whole.npz", trainer(dataset).checkpoint())
    with np.load(tmp_path / "whole.npz") as file:
        np.savez(tmp_path / "older.npz", allow_pickle=False, **{name: file[name] for name in file if name != "faces"})
    older = read_checkpoint(tmp_path / "older.npz")
    resumed = trainer(dataset)
    resumed.restore(older)
    assert older.faces == ""


def test_a_truncated_checkpoint_is_named(dataset: FaceDataset, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, trainer(dataset).checkpoint())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is not a whole checkpoint"):
        load_checkpoint(path, TINY)


def test_a_checkpoint_of_another_configuration_is_refused(dataset: FaceDataset, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, trainer(dataset).checkpoint())
    with pytest.raises(CheckpointError, match="another configuration"):
        load_checkpoint(path, CONFIGS["plain"])


def test_training_without_the_dataset_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"There is no file .*train\.npz"):
        train(TINY, TrainingSettings(fer2013_dir=tmp_path), tmp_path / "run")


def test_the_best_epoch_is_kept_and_not_the_last(dataset: FaceDataset) -> None:
    run = trainer(dataset)
    run.run_epoch(lambda: None)
    first = [value.copy() for value in run.checkpoint().best]
    run.best_score = 9.0
    run.run_epoch(lambda: None)
    for kept, value in zip(first, run.checkpoint().best, strict=True):
        np.testing.assert_array_equal(kept, value)


def test_the_learning_rate_rises_over_the_warmup_and_falls_to_zero() -> None:
    rates = [cosine_with_warmup(step, total_steps=100, warmup_steps=10, peak=1.0) for step in range(101)]
    assert rates[:11] == sorted(rates[:11])
    assert rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == 0.0


def test_a_held_peak_lasts_and_still_ends_at_zero() -> None:
    rates = [cosine_with_warmup(step, total_steps=100, warmup_steps=10, peak=1.0, hold=0.5) for step in range(101)]
    assert rates[10:51] == [1.0] * 41
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[100] == 0.0


def test_fewer_epochs_keep_the_sizes_of_the_faces() -> None:
    short = CONFIGS["residual"].shortened(6)
    assert short.epochs == 6
    assert list(short.side_px.values()) == list(CONFIGS["residual"].side_px.values())
    assert 0 in short.side_px
    assert max(short.side_px) < 6


def test_an_unknown_configuration_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match="There is no configuration resnet50") as caught:
        choose_config("resnet50", None)
    assert "residual" in caught.value.advice
