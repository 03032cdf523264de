"""What makes confidence match accuracy, and the confidence below which a reading is called uncertain."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from contracts.emotion import EMOTIONS
from training.dataset import FaceDataset, Floats, Indices
from training.metrics import Reals, log_likelihood, risk_coverage

UNCERTAIN_COVERAGE_FLOOR = 0.85
BIAS_PENALTY = 0.01
"""What a squared bias costs in log likelihood a face: of a thousand faces, it holds the biases to about 0.2."""
_NO_BIAS = (0.0,) * len(EMOTIONS)


class Scaling(NamedTuple):
    """What makes probabilities of a head's logits: `softmax(logits / temperature + bias)`."""

    temperature: float
    bias: tuple[float, ...] = _NO_BIAS

    def probabilities(self, logits: Floats) -> Floats:
        """float32, (n, 7), rows sum to 1, of logits of that shape."""
        return softmax(logits / np.float32(self.temperature) + np.array(self.bias, np.float32), axis=1)


@dataclass(frozen=True)
class Calibration:
    """What the exported signature applies to the logits and says about its readings."""

    ferplus_temperature: float
    fer2013_temperature: float
    uncertain_below: float
    ferplus_bias: tuple[float, ...] = _NO_BIAS
    fer2013_bias: tuple[float, ...] = _NO_BIAS

    @property
    def ferplus(self) -> Scaling:
        """Of the head that learned from the FER+ votes."""
        return Scaling(self.ferplus_temperature, self.ferplus_bias)

    @property
    def fer2013(self) -> Scaling:
        """Of the head that learned from the original labels."""
        return Scaling(self.fer2013_temperature, self.fer2013_bias)


def calibrate(ferplus: Floats, fer2013: Floats, selection: FaceDataset) -> Calibration:
    """Fit how each head is scaled and choose the threshold, all on the selection split.

    Args:
        ferplus: float32, (n, 7), logits.
        fer2013: float32, (n, 7), logits.
        selection: the n faces that the logits are of; none of them was trained on.
    """
    known = selection.ferplus_label >= 0
    scaling = fit_scaling(ferplus[known], selection.ferplus_label[known])
    original = fit_scaling(fer2013, selection.fer2013_label)
    return Calibration(
        ferplus_temperature=scaling.temperature,
        fer2013_temperature=original.temperature,
        uncertain_below=choose_threshold(scaling.probabilities(ferplus[known]), selection.ferplus_label[known]),
        ferplus_bias=scaling.bias,
        fer2013_bias=original.bias,
    )


def fit_scaling(logits: Floats, labels: Indices) -> Scaling:
    """The temperature, in 0.2..5, and the bias of each emotion that give the labels the highest likelihood, less
    `BIAS_PENALTY`: bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar, 2020).

    The biases make each emotion expected about as often as it occurs, which learning from votes and drawing rare
    emotions more often do not.

    Args:
        logits: float32, (n, 7).
        labels: int64, (n,), 0..6.
    """

    def cost(parameters: Reals) -> float:
        sharpness, bias = np.exp(parameters[0]), parameters[1:]
        return BIAS_PENALTY * float(bias @ bias) - log_likelihood(softmax(sharpness * logits + bias, axis=1), labels)

    found: Reals = minimize(cost, np.zeros(1 + len(EMOTIONS)), bounds=[(-np.log(5), np.log(5)), *[(-5, 5)] * 7]).x
    return Scaling(float(np.exp(-found[0])), tuple(map(float, found[1:])))


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
