import numpy as np
import pytest
from scipy.special import softmax

from training.calibrate import choose_threshold, fit_scaling
from training.metrics import expected_calibration_error, log_likelihood


def drawn(n: int, overconfidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a known distribution, and its logits multiplied by `overconfidence`."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (n, 7)).astype(np.float32)
    labels = np.array([rng.choice(7, p=row / row.sum()) for row in np.exp(logits.astype(np.float64))])
    return logits * np.float32(overconfidence), labels


@pytest.mark.parametrize("overconfidence", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_wrong_confidence(overconfidence: float) -> None:
    logits, labels = drawn(4000, overconfidence)
    scaling = fit_scaling(logits, labels)
    assert scaling.temperature == pytest.approx(overconfidence, rel=0.1)
    assert np.abs(scaling.bias).max() < 0.1
    assert expected_calibration_error(scaling.probabilities(logits), labels) < 0.03


def test_the_bias_undoes_what_is_expected_too_often() -> None:
    logits, labels = drawn(4000, 2.0)
    biased = logits + np.array([2, 0, 0, 0, 0, 0, -2], np.float32)
    scaling = fit_scaling(biased, labels)
    assert scaling.temperature == pytest.approx(2, rel=0.1)
    assert scaling.bias[0] == pytest.approx(-1, abs=0.25)
    assert scaling.bias[6] == pytest.approx(1, abs=0.25)
    right = log_likelihood(softmax(logits / 2, axis=1), labels)
    assert log_likelihood(scaling.probabilities(biased), labels) == pytest.approx(right, abs=0.01)


def test_a_few_faces_do_not_forbid_the_emotions_that_they_lack() -> None:
    logits = np.zeros((20, 7), np.float32)
    scaling = fit_scaling(logits, np.zeros(20, np.int64))
    assert scaling.probabilities(logits[:1])[0, 1:].min() > 1e-4


def test_the_threshold_halves_the_errors_where_few_faces_pay_for_it() -> None:
    probabilities = np.full((100, 7), 0.01, np.float32)
    probabilities[:, 0] = np.linspace(0.4, 0.99, 100)
    labels = np.zeros(100, np.int64)
    labels[:8] = 1  # the eight least confident faces are all read wrong
    threshold = choose_threshold(probabilities, labels)
    answered = probabilities[:, 0] >= threshold
    assert (labels[answered] != 0).mean() <= 0.04
    assert answered.mean() > 0.94


def test_the_threshold_leaves_at_most_fifteen_percent_unanswered() -> None:
    logits, labels = drawn(2000, 1.0)
    probabilities = softmax(logits, axis=1)
    answered = probabilities.max(axis=1) >= choose_threshold(probabilities, labels)
    assert answered.mean() == pytest.approx(0.85, abs=0.01)


def test_of_one_face_that_is_read_wrong_the_threshold_is_its_confidence() -> None:
    probabilities = np.eye(7, dtype=np.float32)[:1]
    assert choose_threshold(probabilities, np.array([3])) == 1.0
