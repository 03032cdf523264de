"""Everything measured of one served version over one dataset file, ready for JSON and for the model card."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from contracts.emotion import EMOTIONS, Emotion
from training.dataset import FaceDataset, Floats, Indices, Mask
from training.errors import DatasetError
from training.metrics import (
    ConfidenceBin,
    bootstrap_interval,
    confusion_matrix,
    f1,
    precision,
    recall,
    reliability,
    risk_coverage,
    score,
)
from training.served import Readings, ServedModel

Interval = tuple[float, float]


class ClassReport(BaseModel):
    """One emotion; `n` faces have its label."""

    n: int
    precision: float
    recall: float
    f1: float


class HeadReport(BaseModel):
    """One head over the faces that its labels cover. `intervals` are 95 % bootstrap intervals by metric."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float
    intervals: dict[str, Interval]
    per_class: dict[Emotion, ClassReport]
    confusion: list[list[int]]
    reliability: list[ConfidenceBin]


class UncertaintyReport(BaseModel):
    """What the model's own threshold does to the FER+ faces: the share still answered, and the accuracy on those."""

    threshold: float
    coverage: float
    accuracy: float
    curve_coverage: list[float]
    curve_risk: list[float]


class FlipReport(BaseModel):
    """What mirroring every face changes: the share of other readings, and the mean total variation distance."""

    changed: float
    distance: float


class Report(BaseModel):
    """One served version over one file."""

    ferplus: HeadReport
    fer2013: HeadReport
    uncertainty: UncertaintyReport
    flip: FlipReport
    faces: int
    file: str
    model: str
    size_bytes: int


def evaluate(model: ServedModel, dataset: FaceDataset, path: Path) -> Report:
    """Run the faces of `dataset`, read from `path`, through the serving signature and measure both heads.

    Raises:
        DatasetError: not one face has one of the seven emotions as its FER+ majority.
    """
    known = dataset.ferplus_label >= 0
    if not known.any():
        raise DatasetError(
            f"{path}: every FER+ majority is contempt, unknown or not a face.", "Give a file with at least one emotion."
        )
    readings = model.read(dataset.images)
    return Report(
        ferplus=_head(readings.probabilities[known], dataset.ferplus_label[known]),
        fer2013=_head(readings.fer2013_probabilities, dataset.fer2013_label),
        uncertainty=_uncertainty(readings.probabilities[known], dataset.ferplus_label[known], model.uncertain_below),
        flip=_flip(readings, model.read(np.ascontiguousarray(dataset.images[:, :, ::-1]))),
        faces=len(dataset),
        file=path.name,
        model=f"{model.version_dir.parent.name}/{model.version_dir.name}",
        size_bytes=sum(file.stat().st_size for file in model.version_dir.rglob("*") if file.is_file()),
    )


def _head(probabilities: Floats, labels: Indices) -> HeadReport:
    confusion = confusion_matrix(probabilities, labels)
    columns = (confusion.sum(axis=1), precision(confusion), recall(confusion), f1(confusion))
    per_class = {
        emotion: ClassReport(n=int(n), precision=float(p), recall=float(r), f1=float(f))
        for emotion, n, p, r, f in zip(EMOTIONS, *columns, strict=True)
    }
    scores = score(probabilities, labels)
    return HeadReport(
        n=scores.n,
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        ece=scores.ece,
        intervals=bootstrap_interval(probabilities, labels),
        per_class=per_class,
        confusion=confusion.tolist(),
        reliability=reliability(probabilities, labels),
    )


def _uncertainty(probabilities: Floats, labels: Indices, threshold: float) -> UncertaintyReport:
    answered: Mask = probabilities.max(axis=1) >= threshold
    correct = probabilities.argmax(axis=1) == labels
    _, coverage, risk = risk_coverage(probabilities, labels)
    points = np.unique(np.linspace(0, len(labels) - 1, 101).astype(int))
    return UncertaintyReport(
        threshold=threshold,
        coverage=float(answered.mean()),
        accuracy=float(correct[answered].mean()) if answered.any() else 0.0,
        curve_coverage=coverage[points].tolist(),
        curve_risk=risk[points].tolist(),
    )


def _flip(readings: Readings, mirrored: Readings) -> FlipReport:
    first, second = readings.probabilities, mirrored.probabilities
    return FlipReport(
        changed=float((first.argmax(axis=1) != second.argmax(axis=1)).mean()),
        distance=float(np.abs(first - second).sum(axis=1).mean() / 2),
    )
