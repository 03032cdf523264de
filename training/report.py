"""Everything measured of one served version over one dataset file, ready for JSON and for the model card."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from contracts.emotion import EMOTIONS, Emotion
from contracts.model import LITERT_FILE
from training.dataset import FaceDataset, Floats, Indices, Mask
from training.errors import DatasetError
from training.litert import LiteModel
from training.metrics import (
    ConfidenceBin,
    Intervals,
    Scores,
    bootstrap,
    confusion_matrix,
    f1,
    precision,
    recall,
    reliability,
    risk_coverage,
    score,
)
from training.perturb import PERTURBATIONS, flip
from training.record import Figures
from training.served import Readings, ServedModel

Interval = tuple[float, float]


class ClassReport(BaseModel):
    """One emotion; `n` faces have its label. Intervals are 95 %, by bootstrap."""

    n: int
    precision: float
    recall: float
    f1: float
    precision_interval: Interval
    recall_interval: Interval
    f1_interval: Interval


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


class LiteReport(BaseModel):
    """The FER+ head of the version's LiteRT form over the same faces."""

    ferplus: Scores
    agreement: float
    """Share of the faces that it reads as the SavedModel does."""

    size_bytes: int


class Report(BaseModel):
    """One served version over one file."""

    ferplus: HeadReport
    ferplus_agreed: HeadReport | None
    """Of the faces that the annotators agree on (`FaceDataset.ferplus_agreed`), if there is one."""

    fer2013: HeadReport
    uncertainty: UncertaintyReport
    flip: FlipReport
    robustness: dict[str, float]
    """Accuracy on the FER+ majority under each of `training.perturb.PERTURBATIONS`."""

    litert: LiteReport | None
    faces: int
    file: str
    model: str
    size_bytes: int
    """Of the graph and the weights, as TensorFlow Serving reads them."""

    @property
    def heads(self) -> Mapping[str, HeadReport]:
        """What was measured against which labels, by their name."""
        agreed = {"FER+ majority of more than half": self.ferplus_agreed} if self.ferplus_agreed else {}
        return {"FER+ majority": self.ferplus, **agreed, "FER-2013 original": self.fer2013}


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
    readings, agreed = model.read(dataset.images), dataset.ferplus_agreed
    return Report(
        ferplus=_head(readings.probabilities[known], dataset.ferplus_label[known]),
        ferplus_agreed=_head(readings.probabilities[agreed], dataset.ferplus_label[agreed]) if agreed.any() else None,
        fer2013=_head(readings.fer2013_probabilities, dataset.fer2013_label),
        uncertainty=_uncertainty(readings.probabilities[known], dataset.ferplus_label[known], model.uncertain_below),
        flip=_flip(readings, model.read(flip(dataset.images))),
        robustness=measure_robustness(model, dataset.select(known)),
        litert=_litert(model, readings, dataset, known) if (model.version_dir / LITERT_FILE).is_file() else None,
        faces=len(dataset),
        file=path.name,
        model=model.name,
        size_bytes=_size(model.version_dir / "saved_model.pb") + _size(model.version_dir / "variables"),
    )


def measure_figures(model: ServedModel, dataset: FaceDataset) -> Figures:
    """The figures that versions are compared by."""
    known = dataset.ferplus_label >= 0
    readings = model.read(dataset.images)
    return Figures(
        ferplus=score(readings.probabilities[known], dataset.ferplus_label[known]),
        fer2013=score(readings.fer2013_probabilities, dataset.fer2013_label),
        robustness=measure_robustness(model, dataset.select(known)),
    )


def measure_robustness(model: ServedModel, dataset: FaceDataset) -> dict[str, float]:
    """Accuracy on the FER+ majority under each perturbation; every face has a majority."""
    return {
        name: float((model.read(change(dataset.images)).probabilities.argmax(axis=1) == dataset.ferplus_label).mean())
        for name, change in PERTURBATIONS.items()
    }


def _head(probabilities: Floats, labels: Indices) -> HeadReport:
    confusion = confusion_matrix(probabilities, labels)
    scores, intervals = score(probabilities, labels), bootstrap(probabilities, labels)
    return HeadReport(
        n=scores.n,
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        ece=scores.ece,
        intervals=intervals.headline,
        per_class=_classes(confusion, intervals),
        confusion=confusion.tolist(),
        reliability=reliability(probabilities, labels),
    )


def _classes(confusion: Indices, intervals: Intervals) -> dict[Emotion, ClassReport]:
    n, p, r, f = confusion.sum(axis=1), precision(confusion), recall(confusion), f1(confusion)
    return {
        emotion: ClassReport(
            n=int(n[label]),
            precision=float(p[label]),
            recall=float(r[label]),
            f1=float(f[label]),
            precision_interval=intervals.precision[label],
            recall_interval=intervals.recall[label],
            f1_interval=intervals.f1[label],
        )
        for label, emotion in enumerate(EMOTIONS)
    }


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


def _litert(model: ServedModel, readings: Readings, dataset: FaceDataset, known: Mask) -> LiteReport:
    probabilities = LiteModel(model.version_dir).read(dataset.images)
    return LiteReport(
        ferplus=score(probabilities[known], dataset.ferplus_label[known]),
        agreement=float((probabilities.argmax(axis=1) == readings.probabilities.argmax(axis=1)).mean()),
        size_bytes=_size(model.version_dir / LITERT_FILE),
    )


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _flip(readings: Readings, mirrored: Readings) -> FlipReport:
    first, second = readings.probabilities, mirrored.probabilities
    return FlipReport(
        changed=float((first.argmax(axis=1) != second.argmax(axis=1)).mean()),
        distance=float(np.abs(first - second).sum(axis=1).mean() / 2),
    )
