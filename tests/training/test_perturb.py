import cv2
import numpy as np
import pytest

from training.perturb import PERTURBATIONS, blur, flip, jpeg, low_light, scale, shift


@pytest.fixture
def faces() -> np.ndarray:
    """Five smooth blobs off the centre: uint8, (5, 48, 48)."""
    rows, columns = np.mgrid[0:48, 0:48]
    blobs = [200 * np.exp(-((rows - 20 - i) ** 2 + (columns - 26) ** 2) / 60) + 20 for i in range(5)]
    return np.stack(blobs).astype(np.uint8)


def centre(face: np.ndarray) -> np.ndarray:
    moments = cv2.moments(np.maximum(face.astype(np.float32) - 40, 0))
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_each_gives_other_faces_of_the_same_kind_and_the_same_every_time(faces: np.ndarray, name: str) -> None:
    changed = PERTURBATIONS[name](faces)
    assert (changed.dtype, changed.shape) == (np.uint8, faces.shape)
    assert not np.array_equal(changed, faces)
    assert np.array_equal(changed, PERTURBATIONS[name](faces))


def test_shifting_moves_by_the_share_of_the_side(faces: np.ndarray) -> None:
    for before, after in zip(faces, shift(faces, 0.1), strict=True):
        assert np.linalg.norm(centre(after) - centre(before)) == pytest.approx(4.8, abs=0.3)


def test_scaling_moves_away_from_the_centre(faces: np.ndarray) -> None:
    middle = np.array([23.5, 23.5])
    for before, after in zip(faces, scale(faces, 1.15), strict=True):
        np.testing.assert_allclose(centre(after) - middle, 1.15 * (centre(before) - middle), atol=0.3)


def test_blur_and_low_light_take_contrast(faces: np.ndarray) -> None:
    assert blur(faces, 2.0).std() < faces.std()
    assert low_light(faces, 0.1).mean() == pytest.approx(0.1 * faces.mean(), rel=0.3)


def test_a_lower_quality_loses_more(faces: np.ndarray) -> None:
    high, low = (np.abs(jpeg(faces, quality).astype(int) - faces).mean() for quality in (90, 10))
    assert high < low


def test_mirroring_twice_changes_nothing(faces: np.ndarray) -> None:
    assert np.array_equal(flip(flip(faces)), faces)
