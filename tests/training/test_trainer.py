from pathlib import Path

import numpy as np
import pytest

from tests.training.support import TINY
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import CONFIGS, PlainNetwork
from training.dataset import FaceDataset
from training.errors import CheckpointError, DatasetError
from training.networks import build_network
from training.schedule import cosine_with_warmup
from training.settings import TrainingSettings
from training.train import train
from training.trainer import Trainer


def trainer(dataset: FaceDataset) -> Trainer:
    return Trainer(TINY, dataset.select(np.arange(48)), dataset.select(np.arange(48, 112)))


def test_a_resumed_run_ends_with_the_same_weights(dataset: FaceDataset, tmp_path: Path) -> None:
    whole, interrupted, resumed = trainer(dataset), trainer(dataset), trainer(dataset)
    for _ in range(TINY.epochs):
        whole.run_epoch(lambda: None)

    interrupted.run_epoch(lambda: None)
    save_checkpoint(tmp_path / "checkpoint.npz", interrupted.checkpoint())
    checkpoint = load_checkpoint(tmp_path / "checkpoint.npz", TINY.model_dump_json())
    assert checkpoint is not None
    resumed.restore(checkpoint)
    resumed.run_epoch(lambda: None)

    expected, found = whole.checkpoint(), resumed.checkpoint()
    assert (found.epoch, found.best_score) == (expected.epoch, expected.best_score)
    for group in ("network", "optimizer", "average", "best"):
        for a, b in zip(getattr(expected, group), getattr(found, group), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_truncated_checkpoint_is_named(dataset: FaceDataset, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, trainer(dataset).checkpoint())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is not a whole checkpoint"):
        load_checkpoint(path, TINY.model_dump_json())


def test_a_checkpoint_of_another_configuration_is_refused(dataset: FaceDataset, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, trainer(dataset).checkpoint())
    with pytest.raises(CheckpointError, match="another configuration"):
        load_checkpoint(path, CONFIGS["plain"].model_dump_json())


def test_training_without_the_dataset_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"There is no file .*train\.npz"):
        train(TINY, TrainingSettings(fer2013_dir=tmp_path), tmp_path / "run")


def test_the_best_epoch_is_kept_and_not_the_last(dataset: FaceDataset) -> None:
    run = trainer(dataset)
    run.run_epoch(lambda: None)
    first = [value.copy() for value in run.checkpoint().best]
    run.best_score = 9.0
    run.run_epoch(lambda: None)
    for kept, value in zip(first, run.best_network().get_weights(), strict=True):
        np.testing.assert_array_equal(kept, value)


@pytest.mark.parametrize("network", [PlainNetwork(widths=(4, 8)), TINY.network])
def test_brightness_and_contrast_do_not_change_what_a_network_reads(network: PlainNetwork) -> None:
    model = build_network(network)
    face = np.random.default_rng(0).uniform(60, 120, (1, 48, 48, 1)).astype(np.float32)
    for plain, relit in zip(model.predict_on_batch(face), model.predict_on_batch(2 * face + 10), strict=True):
        np.testing.assert_allclose(plain, relit, atol=1e-4)


def test_a_uniform_face_is_read_without_an_error() -> None:
    ferplus, fer2013 = build_network(TINY.network).predict_on_batch(np.full((1, 48, 48, 1), 7, np.float32))
    assert np.isfinite(ferplus).all()
    assert np.isfinite(fer2013).all()


def test_the_learning_rate_rises_over_the_warmup_and_falls_to_zero() -> None:
    rates = [cosine_with_warmup(step, total_steps=100, warmup_steps=10, peak=1.0) for step in range(101)]
    assert rates[:11] == sorted(rates[:11])
    assert rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == 0.0
