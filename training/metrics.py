"""How good probabilities are: accuracy, macro-F1, calibration, and what refusing to answer would give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.emotion import EMOTIONS
from training.dataset import Floats, Indices

ECE_BINS = 15

_N = len(EMOTIONS)

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Metrics of one head over one set of faces; all but `n` in 0..1. `macro_f1` is the mean over the emotions that
    occur or are read, as scikit-learn's."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float


def score(probabilities: Floats, labels: Indices) -> Scores:
    """The four headline metrics.

    Args:
        probabilities: float32, (n, 7), rows sum to 1; n at least 1.
        labels: int64, (n,), 0..6.
    """
    confusion = confusion_matrix(probabilities, labels)
    present = (confusion + confusion.T).any(axis=0)
    return Scores(
        n=len(labels),
        accuracy=float(np.trace(confusion) / len(labels)),
        macro_f1=float(f1(confusion)[present].mean()),
        ece=expected_calibration_error(probabilities, labels),
    )


def log_likelihood(probabilities: Floats, labels: Indices) -> float:
    """The mean natural logarithm of what each label was given, at most 0. Of few faces it is less noisy than accuracy.

    Args:
        probabilities: float32, (n, 7), rows sum to 1; n at least 1.
        labels: int64, (n,), 0..6.
    """
    return float(np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean())


def confusion_matrix(probabilities: Floats, labels: Indices) -> Indices:
    """int64, (7, 7): faces by their label (row) and by the most probable emotion (column)."""
    pairs = labels * _N + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=_N * _N).reshape(_N, _N)


def precision(confusion: Indices) -> Reals:
    """float64, (7,): of the faces read as an emotion, the share that has its label; 0 where none was read so."""
    return np.diag(confusion) / np.maximum(confusion.sum(axis=0), 1)


def recall(confusion: Indices) -> Reals:
    """float64, (7,): of the faces with an emotion's label, the share read so; 0 where no face has the label."""
    return np.diag(confusion) / np.maximum(confusion.sum(axis=1), 1)


def f1(confusion: Indices) -> Reals:
    """float64, (7,): the harmonic mean of precision and recall; 0 where a class neither occurs nor is read."""
    return 2 * np.diag(confusion) / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)


def expected_calibration_error(probabilities: Floats, labels: Indices) -> float:
    """The mean gap between confidence and accuracy over equal-width bins of confidence, weighted by the bins' sizes.

    Guo et al., "On calibration of modern neural networks", 2017, equation 3, with 15 bins.
    """
    return float(sum(bin_.share * abs(bin_.accuracy - bin_.confidence) for bin_ in reliability(probabilities, labels)))


@dataclass(frozen=True)
class ConfidenceBin:
    """The faces whose highest probability falls into one bin."""

    share: float
    confidence: float
    accuracy: float


def reliability(probabilities: Floats, labels: Indices) -> list[ConfidenceBin]:
    """The bins of `expected_calibration_error` that hold any face, in rising confidence."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    # Bins are open below and closed above, as in the paper: (0, 1/15], ..., (14/15, 1].
    index = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    members = [index == which for which in range(ECE_BINS)]
    return [
        ConfidenceBin(float(rows.mean()), float(confidence[rows].mean()), float(correct[rows].mean()))
        for rows in members
        if rows.any()
    ]


def risk_coverage(probabilities: Floats, labels: Indices) -> tuple[Reals, Reals, Reals]:
    """What answering only the most confident faces would give.

    Returns:
        thresholds, coverage and risk, each float64 (n,): answering faces at or above a threshold covers that share of
        all and errs on that share of the answered; thresholds fall, coverage rises to 1.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    answered = np.arange(1, len(labels) + 1)
    return confidence[order], answered / len(labels), np.cumsum(wrong) / answered


@dataclass(frozen=True)
class Intervals:
    """95 % intervals: of the headline metrics by name, and of each emotion's three, (low, high) in their order."""

    headline: dict[str, tuple[float, float]]
    precision: list[tuple[float, float]]
    recall: list[tuple[float, float]]
    f1: list[tuple[float, float]]


def bootstrap(probabilities: Floats, labels: Indices, seed: int = 0) -> Intervals:
    """Percentile intervals over 1000 resamples of the faces (Efron, 1979).

    Args:
        probabilities: float32, (n, 7), rows sum to 1.
        labels: int64, (n,), 0..6.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    draws = [_draw(probabilities[rows], labels[rows]) for rows in rng.integers(0, len(labels), (1000, len(labels)))]
    names = ("accuracy", "macro_f1", "ece")
    headline = _percentiles([[getattr(scores, name) for name in names] for scores, _ in draws])
    by_class = [_percentiles([metric(confusion) for _, confusion in draws]) for metric in (precision, recall, f1)]
    return Intervals(dict(zip(names, headline, strict=True)), *by_class)


def _draw(probabilities: Floats, labels: Indices) -> tuple[Scores, Indices]:
    return score(probabilities, labels), confusion_matrix(probabilities, labels)


def _percentiles(draws: Sequence[Sequence[float] | Reals]) -> list[tuple[float, float]]:
    low, high = np.percentile(np.array(draws), (2.5, 97.5), axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))
