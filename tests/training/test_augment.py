import numpy as np
import pytest

from training.augment import augment, resize
from training.config import Augmentation

NOTHING = Augmentation(flip=0, rotate_deg=0, scale=0, shift=0, gamma=0, blur=0, noise=0, erase=0)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)


def test_without_any_change_the_faces_stay_as_they_are(images: np.ndarray) -> None:
    faces = augment(images, 48, NOTHING, np.random.default_rng(0))
    np.testing.assert_allclose(faces[..., 0], images, atol=0.01)


def test_a_certain_flip_mirrors(images: np.ndarray) -> None:
    faces = augment(images, 48, NOTHING.model_copy(update={"flip": 1.0}), np.random.default_rng(0))
    np.testing.assert_allclose(faces[..., 0], images[:, :, ::-1], atol=0.01)


@pytest.mark.parametrize("side_px", [16, 48])
def test_the_result_has_the_asked_size_and_range_and_depends_on_the_seed_alone(
    images: np.ndarray, side_px: int
) -> None:
    strong = Augmentation(blur=1, noise=1, erase=1)
    first, again, other = (augment(images, side_px, strong, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (4, side_px, side_px, 1)
    assert first.dtype == np.float32
    assert 0 <= first.min() < first.max() <= 255
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shrinking_keeps_a_picture_in_place() -> None:
    gradient = np.tile(np.arange(48, dtype=np.uint8) * 5, (1, 48, 1))
    moved = augment(gradient, 24, NOTHING, np.random.default_rng(0))
    np.testing.assert_allclose(moved[0, 4:-4, 4:-4, 0], resize(gradient, 24)[0, 4:-4, 4:-4, 0], atol=1.5)
