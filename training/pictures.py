"""The pictures of the model card."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from contracts.emotion import EMOTIONS
from training.report import HeadReport, UncertaintyReport

_DPI = 100


def draw_confusion(path: Path, head: HeadReport) -> None:
    """The share of each label's faces (rows) that is read as each emotion (columns), with counts."""
    counts = np.array(head.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _canvas(6.4, 5.6)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 - where the blue turns dark
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(EMOTIONS)), list(EMOTIONS), rotation=45, ha="right")
    axes.set_yticks(range(len(EMOTIONS)), list(EMOTIONS))
    axes.set_xlabel("read as")
    axes.set_ylabel("FER+ majority")
    _save(figure, path)


def draw_reliability(path: Path, head: HeadReport) -> None:
    """Accuracy against confidence, one point for each bin, its area by the share of faces in it."""
    figure, axes = _canvas(4.8, 4.4)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    confidence = [bin_.confidence for bin_ in head.reliability]
    accuracy = [bin_.accuracy for bin_ in head.reliability]
    axes.plot(confidence, accuracy, color="tab:blue", linewidth=1)
    axes.scatter(confidence, accuracy, s=[20 + 400 * bin_.share for bin_ in head.reliability], alpha=0.6)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    _save(figure, path)


def draw_risk_coverage(path: Path, uncertainty: UncertaintyReport) -> None:
    """The share of errors among the answered faces, against the share answered; the product's point is marked."""
    figure, axes = _canvas(4.8, 4.4)
    axes.plot(uncertainty.curve_coverage, uncertainty.curve_risk, color="tab:blue")
    axes.plot(uncertainty.coverage, 1 - uncertainty.accuracy, "o", color="tab:red")
    axes.annotate(
        f"below {uncertainty.threshold:.2f}: uncertain",
        (uncertainty.coverage, 1 - uncertainty.accuracy),
        xytext=(-8, 8),
        textcoords="offset points",
        ha="right",
    )
    axes.set(xlim=(0, 1.02), ylim=(0, None), xlabel="share of faces answered", ylabel="errors among the answered")
    _save(figure, path)


def _canvas(width_in: float, height_in: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
    return figure, figure.add_subplot()


def _save(figure: Figure, path: Path) -> None:
    # Without the version of matplotlib in it, the same report gives the same bytes.
    figure.savefig(path, metadata={"Software": None})
