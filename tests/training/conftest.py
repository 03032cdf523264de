"""A small dataset on disk and a tiny model trained on it, shared by all tests of training."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.support import TINY, synthetic_arrays
from training.dataset import FaceDataset, load_dataset
from training.export import export_run
from training.settings import TrainingSettings
from training.train import train


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fer2013")
    np.savez(folder / "train.npz", allow_pickle=False, **synthetic_arrays(112))
    np.savez(folder / "validation.npz", allow_pickle=False, **synthetic_arrays(28, seed=1))
    return folder


@pytest.fixture(scope="session")
def dataset(data_dir: Path) -> FaceDataset:
    return load_dataset(data_dir / "train.npz")


@pytest.fixture(scope="session")
def run_dir(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run: a tiny network, trained for two epochs."""
    folder = tmp_path_factory.mktemp("run")
    train(TINY, TrainingSettings(fer2013_dir=data_dir), folder)
    return folder


@pytest.fixture(scope="session")
def exported(data_dir: Path, run_dir: Path) -> Path:
    """The version folder of that run."""
    settings = TrainingSettings(fer2013_dir=data_dir, runs_log=run_dir / "runs.jsonl")
    return export_run("tiny", TINY, settings, run_dir)
