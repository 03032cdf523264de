"""Faces that are no one's: seven striped patterns that a tiny network can learn, in the dataset's own format."""

import numpy as np

from contracts.emotion import EMOTIONS
from training.config import ResidualNetwork, TrainingConfig
from training.dataset import FERPLUS_COLUMNS

TINY_NETWORK = ResidualNetwork(stem=4, stages=((8, 1), (8, 1)), dropout=0.1)
TINY = TrainingConfig(
    network=TINY_NETWORK,
    epochs=2,
    side_px={0: 16, 1: 24},
    batch_size=16,
    warmup_epochs=0.5,
    selection_share=0.25,
)


def rounded(weights: list[np.ndarray]) -> list[np.ndarray]:
    """What a version keeps of a network's weights."""
    return [each.astype(np.float16).astype(np.float32) if each.ndim > 1 else each for each in weights]


def some_faces(n: int, side: int = 48) -> np.ndarray:
    """Noise, as a network takes it: float32, (n, side, side, 1)."""
    return np.random.default_rng(0).uniform(60, 120, (n, side, side, 1)).astype(np.float32)


def synthetic_arrays(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Stripes whose direction tells the emotion, under noise; the votes agree with the label nine times of ten."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(EMOTIONS)
    rows, columns = np.mgrid[0:48, 0:48]
    angles = np.pi * labels / len(EMOTIONS)
    phases = rows * np.cos(angles)[:, None, None] + columns * np.sin(angles)[:, None, None]
    noise = rng.normal(0, 60, (n, 48, 48))
    votes = np.zeros((n, len(FERPLUS_COLUMNS)), np.uint8)
    votes[np.arange(n), [FERPLUS_COLUMNS.index(EMOTIONS[label]) for label in labels]] = 9
    votes[:, -1] = 1
    return {
        "images": np.clip(128 + 60 * np.sin(phases) + noise, 0, 255).astype(np.uint8),
        "fer2013_label": labels.astype(np.uint8),
        "ferplus_votes": votes,
    }
