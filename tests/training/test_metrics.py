from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score, precision_recall_fscore_support

from training.metrics import (
    bootstrap,
    confusion_matrix,
    expected_calibration_error,
    f1,
    log_likelihood,
    precision,
    recall,
    reliability,
    risk_coverage,
    score,
)


def confident(reading: int, confidence: float) -> list[float]:
    rest = (1 - confidence) / 6
    return [confidence if emotion == reading else rest for emotion in range(7)]


@pytest.fixture
def readings() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    # Disgust never occurs and is never read: the corner that macro averages get wrong.
    probabilities = rng.dirichlet(np.ones(7), 400).astype(np.float32)
    probabilities[:, 1] = 0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities, rng.choice([0, 2, 3, 4, 5, 6], 400)


def test_class_metrics_agree_with_scikit_learn(readings: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = readings
    read = probabilities.argmax(axis=1)
    confusion = confusion_matrix(probabilities, labels)
    assert np.array_equal(confusion, sklearn_confusion(labels, read, labels=range(7)))
    zero: Any = 0  # scikit-learn's default value makes the parameter look like a str
    expected: Any = precision_recall_fscore_support(labels, read, labels=range(7), zero_division=zero)
    for ours, theirs in zip((precision(confusion), recall(confusion), f1(confusion)), expected, strict=False):
        np.testing.assert_allclose(ours, theirs)
    assert score(probabilities, labels).macro_f1 == pytest.approx(f1_score(labels, read, average="macro"))
    assert score(probabilities, labels).accuracy == pytest.approx((read == labels).mean())


def test_a_perfect_reading_of_some_of_the_emotions_is_perfect() -> None:
    assert score(np.eye(7, dtype=np.float32)[:3], np.arange(3)).macro_f1 == 1


def test_calibration_error_by_hand() -> None:
    # Two bins: confidence 0.9 right three times of four, confidence 0.5 right once of one.
    probabilities = np.array([confident(0, 0.9)] * 4 + [confident(1, 0.5)], np.float32)
    labels = np.array([0, 0, 0, 3, 1])
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.8 * 0.15 + 0.2 * 0.5, abs=1e-6)
    assert [bin_.share for bin_ in reliability(probabilities, labels)] == pytest.approx([0.2, 0.8])


def test_certain_and_right_is_perfectly_calibrated() -> None:
    assert expected_calibration_error(np.eye(7, dtype=np.float32), np.arange(7)) == 0


def test_risk_and_coverage_by_hand() -> None:
    probabilities = np.array([confident(0, 0.6), confident(1, 0.9), confident(2, 0.75)], np.float32)
    thresholds, coverage, risk = risk_coverage(probabilities, np.array([0, 1, 5]))
    np.testing.assert_allclose(thresholds, [0.9, 0.75, 0.6], rtol=1e-6)
    np.testing.assert_allclose(coverage, [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3])


def test_the_interval_holds_the_accuracy_and_narrows_with_more_faces(
    readings: tuple[np.ndarray, np.ndarray],
) -> None:
    probabilities, labels = readings
    few = bootstrap(probabilities[:100], labels[:100]).headline["accuracy"]
    many = bootstrap(probabilities, labels).headline["accuracy"]
    assert many[0] < score(probabilities, labels).accuracy < many[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_the_likelihood_is_the_mean_logarithm_of_what_the_labels_were_given() -> None:
    probabilities = np.full((2, 7), 0.1, np.float32)
    probabilities[:, 0] = 0.4
    assert log_likelihood(probabilities, np.array([0, 3])) == pytest.approx((np.log(0.4) + np.log(0.1)) / 2)
    assert np.isfinite(log_likelihood(np.eye(7, dtype=np.float32)[:1], np.array([3])))
