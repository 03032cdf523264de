"""Temperatures that make confidence match accuracy, and the confidence below which a reading is called uncertain."""

from dataclasses import dataclass

import numpy as np

from training.dataset import FaceDataset, Floats, Indices
from training.metrics import log_likelihood, risk_coverage
from training.trainer import softmax

UNCERTAIN_COVERAGE_FLOOR = 0.85
_TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5), 401))


@dataclass(frozen=True)
class Calibration:
    """What the exported signature applies to the logits and says about its readings."""

    ferplus_temperature: float
    fer2013_temperature: float
    uncertain_below: float


def calibrate(ferplus: Floats, fer2013: Floats, selection: FaceDataset) -> Calibration:
    """Fit one temperature per head (Guo et al., 2017) and choose the threshold, all on the selection split.

    Args:
        ferplus: float32, (n, 7), logits.
        fer2013: float32, (n, 7), logits.
        selection: the n faces that the logits are of; none of them was trained on.
    """
    known = selection.ferplus_label >= 0
    temperature = fit_temperature(ferplus[known], selection.ferplus_label[known])
    probabilities = softmax(ferplus[known] / temperature)
    return Calibration(
        ferplus_temperature=temperature,
        fer2013_temperature=fit_temperature(fer2013, selection.fer2013_label),
        uncertain_below=choose_threshold(probabilities, selection.ferplus_label[known]),
    )


def fit_temperature(logits: Floats, labels: Indices) -> float:
    """The divisor of the logits, in 0.2..5, that gives the labels the highest likelihood.

    Args:
        logits: float32, (n, 7).
        labels: int64, (n,), 0..6.
    """
    likelihoods = [
        log_likelihood(softmax(logits / temperature), labels) for temperature in _TEMPERATURES.astype(np.float32)
    ]
    return float(_TEMPERATURES[int(np.argmax(likelihoods))])


def choose_threshold(probabilities: Floats, labels: Indices) -> float:
    """The confidence at which the share of errors among the answered is half of that among all.

    Where that would leave more than 15 % of the faces unanswered, the confidence that leaves 15 % unanswered.

    Args:
        probabilities: float32, (n, 7), calibrated.
        labels: int64, (n,), 0..6.
    """
    thresholds, coverage, risk = risk_coverage(probabilities, labels)
    acceptable = (risk <= risk[-1] / 2) | (coverage <= UNCERTAIN_COVERAGE_FLOOR)
    return float(thresholds[acceptable].min(initial=thresholds[0]))
