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


@pytest.mark.parametrize("changes", [{"low_light": 1.0, "noise": 1.0}, {"jpeg": 1.0}, {"blur": 1.0, "blur_px": 2.5}])
@pytest.mark.parametrize("side_px", [32, 48])
def test_what_a_camera_does_leaves_the_face_and_takes_detail(changes: dict[str, float], side_px: int) -> None:
    rows, columns = np.mgrid[0:48, 0:48]
    waves = 127 + 100 * np.sin(columns / 6) * np.cos(rows / 7) + 20 * ((rows + columns) % 2)
    faces = np.stack([waves] * 20).astype(np.uint8)
    before = resize(faces, side_px)
    after = augment(faces, side_px, NOTHING.model_copy(update=changes), np.random.default_rng(0))
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(before, after, strict=True)]
    assert (after.dtype, after.min() >= 0, after.max() <= 255) == (np.float32, True, True)
    assert 0.3 < min(alike) < np.median(alike) < 0.9999
    assert len(np.unique(np.round(alike, 9))) > 3


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
