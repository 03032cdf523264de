import numpy as np
import pytest

from training.calibrate import choose_threshold, fit_temperature
from training.metrics import expected_calibration_error
from training.trainer import softmax


def drawn(n: int, overconfidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a known distribution, and its logits multiplied by `overconfidence`."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (n, 7)).astype(np.float32)
    labels = np.array([rng.choice(7, p=row / row.sum()) for row in np.exp(logits.astype(np.float64))])
    return logits * np.float32(overconfidence), labels


@pytest.mark.parametrize("overconfidence", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_wrong_confidence(overconfidence: float) -> None:
    logits, labels = drawn(4000, overconfidence)
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(overconfidence, rel=0.1)
    assert expected_calibration_error(softmax((logits / temperature).astype(np.float32)), labels) < 0.03


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
    probabilities = softmax(logits)
    answered = probabilities.max(axis=1) >= choose_threshold(probabilities, labels)
    assert answered.mean() == pytest.approx(0.85, abs=0.01)


def test_of_one_face_that_is_read_wrong_the_threshold_is_its_confidence() -> None:
    probabilities = np.eye(7, dtype=np.float32)[:1]
    assert choose_threshold(probabilities, np.array([3])) == 1.0
