"""What trained networks say of the pictures that another one learns from.

A network that learns from another's probabilities besides the labels hears what a face could also be taken for (Hinton,
Vinyals and Dean, "Distilling the knowledge in a neural network", 2015), and is less misled by wrong labels. Of the very
faces that the teachers have learned from they tell little more than the labels; they tell more of each picture as the
learner sees it, moved, relit and blended with another (Beyer et al., "Knowledge distillation: a good teacher is patient
and consistent", 2022).
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from training.checkpoint import Arrays, read_checkpoint, read_config
from training.config import TrainingConfig
from training.dataset import Floats
from training.errors import CheckpointError, ModelError
from training.initial import describe, read_version_weights
from training.networks import build_network
from training.record import read_record


class Teachers:
    """Trained networks, to be asked together.

    Args:
        paths: each a version's folder, or a run's checkpoint.npz.

    Raises:
        ModelError: one cannot be read.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._networks = [load_teacher(path) for path in paths]
        self.described = ", ".join(map(describe, paths))
        """Their names and SHA-256."""

    def say(self, faces: Floats) -> list[Floats]:
        """The mean of their probabilities.

        Args:
            faces: float32, (n, side, side, 1), 0..255.

        Returns:
            two of float32, (n, 7), rows sum to 1: FER+ and FER-2013.
        """
        readings = [network.predict_on_batch(faces) for network in self._networks]
        return [np.mean([softmax(said, axis=1) for said in head], axis=0) for head in zip(*readings, strict=True)]


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
