"""The batches of an epoch: which faces, changed how, with which targets."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from contracts.emotion import EMOTIONS
from contracts.model import FACE_SIZE_PX
from training.augment import augment, resize
from training.config import Augmentation, TrainingConfig
from training.dataset import FaceDataset, Floats, Indices

T = TypeVar("T")


class Batch(NamedTuple):
    """What one step learns from.

    Attributes:
        faces: float32, (n, side, side, 1), 0..255.
        targets: two of float32, (n, 7), rows sum to 1: FER+ and FER-2013.
        weights: two of float32, (n,), 0..1.
    """

    faces: Floats
    targets: list[Floats]
    weights: list[Floats]


def draw_batches(
    dataset: FaceDataset,
    config: TrainingConfig,
    side_px: int,
    steps: int,
    rng: np.random.Generator,
    ask: Callable[[Floats], list[Floats]] | None = None,
) -> Iterator[Batch]:
    """`steps` batches of equal size from random faces; the same state of `rng` gives the same ones.

    Args:
        dataset: to draw from.
        config: how to.
        side_px: of the faces.
        steps: how many batches.
        rng: all chance.
        ask: what the teachers say of faces, as `training.teacher.Teachers.say`; they see them at full size.
    """
    size = min(config.batch_size, len(dataset))
    share = dataset.ferplus_share
    labels = [
        dataset.ferplus_distribution(config.drop_single_votes),
        np.eye(len(EMOTIONS), dtype=np.float32)[dataset.fer2013_label],
    ]
    for rows in draw_rows(dataset, config.rare_repeats, rng)[: steps * size].reshape(steps, size):
        faces = augment(dataset.images[rows], FACE_SIZE_PX if ask else side_px, config.augmentation, rng)
        ones = np.ones(size, dtype=np.float32)
        batch = _mix(Batch(faces, [each[rows] for each in labels], [share[rows], ones]), config.augmentation, rng)
        yield _taught(batch, ask(batch.faces), config.teacher_share, side_px) if ask else batch


def _taught(batch: Batch, said: list[Floats], part: float, side_px: int) -> Batch:
    """The teachers have a say also of a face that its annotators saw no emotion in."""
    weights = [((1 - part) * weight + part).astype(np.float32) for weight in batch.weights]
    targets = [
        (((weight - part)[:, None] * label + part * told) / weight[:, None]).astype(np.float32)
        for weight, label, told in zip(weights, batch.targets, said, strict=True)
    ]
    return Batch(resize(batch.faces, side_px), targets, weights)


def draw_rows(dataset: FaceDataset, rare_repeats: float, rng: np.random.Generator) -> Indices:
    """The rows of an epoch in random order: each at least once, those of rare emotions up to `rare_repeats` times.

    Returns:
        int64, (m,), m at least the number of faces.
    """
    label = dataset.ferplus_label
    counts = np.maximum(np.bincount(label[label >= 0], minlength=len(EMOTIONS)), 1)
    repeats = np.clip(np.sqrt(counts.mean() / counts), 1, rare_repeats)
    times = np.where(label >= 0, repeats[label], 1)
    # A part of a repeat is a chance of one.
    whole = np.floor(times + rng.random(len(label))).astype(np.int64)
    return rng.permutation(np.repeat(np.arange(len(label)), whole))


def _mix(batch: Batch, settings: Augmentation, rng: np.random.Generator) -> Batch:
    if not settings.mixup:
        return batch
    n = len(batch.faces)
    other = rng.permutation(n)
    drawn = rng.random(n) < settings.mixup
    part = np.where(drawn, rng.beta(settings.mixup_alpha, settings.mixup_alpha, n), 0).astype(np.float32)
    faces = _blend(batch.faces, part[:, None, None, None], other)
    mixed = [_mix_targets(t, w, part, other) for t, w in zip(batch.targets, batch.weights, strict=True)]
    return Batch(faces, [target for target, _ in mixed], [weight for _, weight in mixed])


def _mix_targets(targets: Floats, weights: Floats, part: Floats, other: Indices) -> tuple[Floats, Floats]:
    total = _blend(weights, part, other)
    weighted = _blend(targets * weights[:, None], part[:, None], other)
    return (weighted / np.maximum(total, 1e-6)[:, None]).astype(np.float32), total


def _blend(values: Floats, part: Floats, other: Indices) -> Floats:
    return (1 - part) * values + part * values[other]  # pyright: ignore[reportReturnType]  (1 is no float64)


def ahead(items: Iterator[T], depth: int = 3) -> Iterator[T]:
    """The same items, of which a thread prepares up to `depth` before they are asked for."""
    with ThreadPoolExecutor(1) as worker:
        pending = deque(worker.submit(next, items, None) for _ in range(depth))
        while (item := pending.popleft().result()) is not None:
            pending.append(worker.submit(next, items, None))
            yield item
