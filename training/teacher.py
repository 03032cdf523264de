"""What trained networks say of the faces that another one is about to learn from.

A network that learns from another's probabilities besides the labels hears what a face could also be taken for (Hinton,
Vinyals and Dean, "Distilling the knowledge in a neural network", 2015), and is less misled by wrong labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from training.checkpoint import Arrays, read_checkpoint, read_config
from training.config import TrainingConfig
from training.dataset import FaceDataset, Floats
from training.errors import CheckpointError, ModelError
from training.initial import read_version_weights
from training.networks import build_network
from training.record import read_record
from training.trainer import predict_logits


def teach(teachers: Sequence[Path], faces: FaceDataset) -> Arrays:
    """The mean of the teachers' probabilities for each face and for its mirror image.

    Args:
        teachers: each a version's folder, or a run's checkpoint.npz.
        faces: n of them, to be learned from.

    Returns:
        two of float32, (n, 7), rows sum to 1: FER+ and FER-2013.

    Raises:
        ModelError: a teacher cannot be read.
    """
    readings = [reading for path in teachers for reading in _readings(load_teacher(path), faces)]
    return [np.stack(heads).mean(axis=0) for heads in zip(*readings, strict=True)]


def load_teacher(path: Path) -> keras.Model:
    """The network of a version's folder, or of the best epoch of a run's checkpoint.

    Raises:
        ModelError: `path` is neither of the two.
    """
    if path.is_dir():
        return _network(read_record(path).config, read_version_weights(path))
    try:
        checkpoint = read_checkpoint(path)
        config = read_config(checkpoint, path)
    except CheckpointError as error:
        raise ModelError(str(error), "Give a version's folder (models/emotion/N) or a run's checkpoint.npz.") from error
    return _network(config, checkpoint.best)


def _network(config: TrainingConfig, weights: Arrays) -> keras.Model:
    network = build_network(config.network, config.precision)
    network.set_weights(weights)
    return network


def _readings(teacher: keras.Model, faces: FaceDataset) -> Iterator[tuple[Floats, Floats]]:
    for seen in (faces, replace(faces, images=faces.images[:, :, ::-1])):
        ferplus, fer2013 = predict_logits(teacher, seen)
        yield softmax(ferplus, axis=1), softmax(fer2013, axis=1)
