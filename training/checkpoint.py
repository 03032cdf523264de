"""The state of a run between two epochs, in one npz file: enough to go on exactly where it stopped."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.config import TrainingConfig
from training.errors import CheckpointError

Arrays = list[npt.NDArray[Any]]

_GROUPS = ("network", "optimizer", "average", "best")


@dataclass(frozen=True)
class Checkpoint:
    """What is saved after each epoch.

    Attributes:
        config: the configuration as JSON, to refuse going on with another.
        init: name and SHA-256 of the weights that the run began from, or empty.
        teachers: the same of those whose probabilities it learns from, or empty.
        faces: `training.dataset.digest` of what it learns from and holds back, or empty in an older checkpoint.
        overlaps: the weights that the run began from may have learned from faces that it leaves out or holds back.
        epoch: epochs completed.
        best_score: the best selection score so far, by likelihood.
        network: the network's variables, dropout seeds and batch statistics included.
        optimizer: the optimiser's variables, its step count included.
        average: the moving average of the network's weights.
        best: the averaged weights of the best epoch.
    """

    config: str
    init: str
    teachers: str
    faces: str
    overlaps: bool
    epoch: int
    best_score: float
    network: Arrays
    optimizer: Arrays
    average: Arrays
    best: Arrays


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint whole or not at all: an interruption leaves the previous one in place."""
    arrays: dict[str, Any] = {
        "config": np.array(checkpoint.config),
        "init": np.array(checkpoint.init),
        "teachers": np.array(checkpoint.teachers),
        "faces": np.array(checkpoint.faces),
        "overlaps": np.array(checkpoint.overlaps),
        "epoch": np.array(checkpoint.epoch),
        "best_score": np.array(checkpoint.best_score),
    }
    for group in _GROUPS:
        members: Sequence[npt.NDArray[Any]] = getattr(checkpoint, group)
        arrays |= {f"{group}/{index:04d}": array for index, array in enumerate(members)}
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load_checkpoint(path: Path, config: TrainingConfig) -> Checkpoint | None:
    """The checkpoint at `path`, or None if there is none yet.

    Raises:
        CheckpointError: the file cannot be read, or belongs to a run with another configuration.
    """
    if not path.exists():
        return None
    found = read_checkpoint(path)
    if read_config(found, path) != config:
        raise CheckpointError(f"{path} was written by a run with another configuration.", _advice(path))
    return found


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint at `path`, of whatever configuration.

    Raises:
        CheckpointError: the file is absent, or not a whole checkpoint.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return Checkpoint(
                config=str(file["config"]),
                init=str(file["init"]),
                teachers=str(file["teachers"]) if "teachers" in file else "",
                faces=str(file["faces"]) if "faces" in file else "",
                overlaps=bool(file["overlaps"]) if "overlaps" in file else False,
                epoch=int(file["epoch"]),
                best_score=float(file["best_score"]),
                **{
                    group: [file[name] for name in sorted(file.files) if name.startswith(f"{group}/")]
                    for group in _GROUPS
                },
            )
    except Exception as error:
        raise CheckpointError(f"{path} is not a whole checkpoint ({error}).", _advice(path)) from error


def read_config(checkpoint: Checkpoint, path: Path) -> TrainingConfig:
    """The configuration of the run whose checkpoint was read from `path`.

    Raises:
        CheckpointError: it is of a release with other configurations.
    """
    try:
        return TrainingConfig.model_validate_json(checkpoint.config)
    except ValueError as error:
        raise CheckpointError(f"{path} was written by another release ({error}).", _advice(path)) from error


def require_same_faces(checkpoint: Checkpoint, faces: str) -> None:
    """Refuse to go on, or to choose a threshold, with other faces: some that are held back may have been learned from.

    Args:
        checkpoint: of the run; an older one does not tell its faces.
        faces: `training.dataset.digest` of what is learned from and held back now.

    Raises:
        CheckpointError: they are others.
    """
    if checkpoint.faces and checkpoint.faces != faces:
        raise CheckpointError(
            "The run was begun with another train.npz or validation.npz: it learned from other faces.",
            "Put those files back (TRAINING_FER2013_DIR), or set TRAINING_RUNS_DIR to start afresh.",
        )


def _advice(path: Path) -> str:
    return f"Delete {path.parent} to start this run afresh, or set TRAINING_RUNS_DIR to keep both."
