import io
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from tests.training.support import synthetic_arrays
from training.dataset import FaceDataset, load_dataset, near_duplicates, split
from training.errors import DatasetError


def faces_with_votes(*votes: list[int]) -> FaceDataset:
    n = len(votes)
    return FaceDataset(np.zeros((n, 48, 48), np.uint8), np.zeros(n, np.int64), np.array(votes, np.uint8))


def write(path: Path, **changes: np.ndarray | None) -> Path:
    arrays = {**synthetic_arrays(7), **changes}
    np.savez(path, allow_pickle=False, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": None}, "lacks images"),
        ({"ferplus_votes": None}, "lacks ferplus_votes"),
        ({"images": np.zeros((7, 64, 64), np.uint8)}, "images is uint8 (7, 64, 64)"),
        ({"images": np.zeros((7, 48, 48), np.float32)}, "images is float32"),
        ({"images": np.uint8(3)}, "images is uint8 ()"),
        ({"fer2013_label": np.zeros(6, np.uint8)}, "fer2013_label is uint8 (6,)"),
        ({"fer2013_label": np.full(7, 7, np.uint8)}, "holds the value 7"),
        ({"ferplus_votes": np.ones((7, 8), np.uint8)}, "ferplus_votes is uint8 (7, 8)"),
        ({"ferplus_votes": np.zeros((7, 10), np.uint8)}, "row 0 of ferplus_votes is empty"),
        (
            {
                "images": np.zeros((0, 48, 48), np.uint8),
                "fer2013_label": np.zeros(0, np.uint8),
                "ferplus_votes": np.zeros((0, 10), np.uint8),
            },
            "holds no faces",
        ),
    ],
)
def test_a_wrong_file_is_named_with_what_was_expected(
    tmp_path: Path, changes: dict[str, np.ndarray | None], said: str
) -> None:
    path = write(tmp_path / "faces.npz", **changes)
    with pytest.raises(DatasetError) as caught:
        load_dataset(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "Expected an npz file with images uint8 (n, 48, 48)" in caught.value.advice


@pytest.mark.parametrize("content", [None, b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_an_absent_or_broken_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "faces.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"faces\.npz"):
        load_dataset(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("broken", ["damaged", "no array", "too large"])
def test_a_member_that_is_broken_is_told(tmp_path: Path, compression: int, broken: str) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in synthetic_arrays(7).items():
            content = io.BytesIO()
            np.save(content, array)
            member = content.getvalue()
            if broken == "no array":
                member = b"text"
            elif broken == "too large":
                member = member.replace(b"(7,", b"(7" + b"0" * 12 + b",")
            archive.writestr(f"{name}.npy", member)
    if broken == "damaged":
        content = path.read_bytes()
        path.write_bytes(content[:2000] + b"\xff" * 64 + content[2064:])
    with pytest.raises(DatasetError, match=r"faces\.npz"):
        load_dataset(path)


def test_a_bare_array_is_no_dataset(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DatasetError, match="cannot be read as an npz file"):
        load_dataset(path)


@pytest.mark.parametrize(
    ("column", "emotion"), list(enumerate(["neutral", "happy", "surprise", "sad", "angry", "disgust", "fear"]))
)
def test_each_vote_column_becomes_its_emotion(column: int, emotion: str) -> None:
    votes = [0] * 10
    votes[column], votes[9] = 8, 2
    faces = faces_with_votes(votes)
    assert EMOTIONS[faces.ferplus_label[0]] == emotion
    assert faces.ferplus_distribution()[0, EMOTIONS.index(Emotion(emotion))] == 1
    assert faces.ferplus_share[0] == pytest.approx(0.8)


@pytest.mark.parametrize("column", [7, 8, 9])
def test_a_majority_that_is_no_emotion_has_no_label(column: int) -> None:
    votes = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    votes[column] = 6
    faces = faces_with_votes(votes)
    assert faces.ferplus_label.tolist() == [-1]
    assert faces.ferplus_share[0] == pytest.approx(0.4)


def test_the_majority_is_taken_over_all_columns_and_a_tie_goes_to_the_first() -> None:
    faces = faces_with_votes([3, 0, 3, 0, 0, 0, 0, 2, 2, 0], [0, 3, 0, 0, 0, 0, 3, 4, 0, 0])
    assert faces.ferplus_label.tolist() == [EMOTIONS.index(Emotion.NEUTRAL), -1]


@pytest.mark.parametrize(
    ("votes", "agreed"),
    [
        ([6, 0, 0, 4, 0, 0, 0, 0, 0, 0], True),
        ([5, 0, 0, 5, 0, 0, 0, 0, 0, 0], False),
        # Without the single votes, 4 of 7.
        ([4, 0, 1, 3, 1, 0, 1, 0, 0, 0], True),
        ([4, 0, 0, 2, 0, 0, 0, 0, 2, 2], False),
        ([2, 0, 0, 0, 0, 0, 0, 0, 8, 0], False),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], False),
    ],
)
def test_annotators_agree_where_one_emotion_has_more_than_half_of_the_votes(votes: list[int], agreed: bool) -> None:
    assert faces_with_votes(votes).ferplus_agreed.tolist() == [agreed]


def test_a_face_without_any_emotion_vote_has_no_weight() -> None:
    faces = faces_with_votes([0, 0, 0, 0, 0, 0, 0, 0, 0, 10])
    assert faces.ferplus_distribution().tolist() == [[0.0] * 7]
    assert faces.ferplus_share.tolist() == [0.0]


def test_near_duplicates_are_found_brightened_noisy_and_mirrored() -> None:
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(40, 200, (6, 6, 6)), np.ones((1, 8, 8))).astype(np.uint8)
    noisy = np.clip(smooth[0] + 20 + rng.normal(0, 4, (48, 48)), 0, 255).astype(np.uint8)
    candidates = np.stack([noisy, smooth[1, :, ::-1], smooth[4], smooth[5]])
    assert near_duplicates(candidates, smooth[:3]).tolist() == [True, True, False, False]


def another_crop(picture: np.ndarray, at: int, scale: float) -> np.ndarray:
    """The 48 x 48 pixels at (`at`, `at`) of a larger picture, scaled before."""
    side = round(scale * len(picture))
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)[at : at + 48, at : at + 48]


def photographs(n: int) -> np.ndarray:
    """Clouds, mostly of coarse detail as faces are: uint8, (n, 64, 64)."""
    noise = np.random.default_rng(0).normal(0, 1, (n, 64, 64))
    clouds = sum(px**2 * np.stack([cv2.GaussianBlur(each, (0, 0), px) for each in noise]) for px in (2.0, 4.0, 8.0))
    clouds -= np.min(clouds, axis=(1, 2), keepdims=True)
    return (255 * clouds / np.max(clouds, axis=(1, 2), keepdims=True)).astype(np.uint8)


@pytest.mark.parametrize(("at", "scale"), [(5, 1.0), (8, 1.05), (11, 1.0), (6, 0.95)])
def test_another_crop_of_a_photograph_is_found(at: int, scale: float) -> None:
    pictures = photographs(6)
    held_out = np.stack([another_crop(picture, 8, 1.0) for picture in pictures[:3]])
    candidates = np.stack([another_crop(picture, at, scale) for picture in pictures])
    candidates[1] = candidates[1, :, ::-1]
    assert near_duplicates(candidates, held_out).tolist() == [True] * 3 + [False] * 3


def test_other_crops_are_not_learned_from_and_leave_the_held_back_part_as_it_is() -> None:
    pictures = photographs(40)
    crops, others = (np.stack([another_crop(picture, at, 1.0) for picture in pictures]) for at in (8, 11))
    faces = faces_with_votes(*[[1] * 10] * 40)
    faces, validation = replace(faces, images=crops), replace(faces, images=others).select(np.arange(20))
    before, after = (split(faces, each, 0.2, seed=1) for each in (faces_with_votes([1] * 10), validation))
    assert np.array_equal(before.selection.images, after.selection.images)
    held_back = sum((before.selection.images == crop).all(axis=(1, 2)).any() for crop in crops[:20])
    assert (before.other_crops, after.other_crops) == (0, 20 - held_back)
    assert len(after.train) == len(before.train) - after.other_crops


def test_nothing_is_learned_that_is_in_validation_or_selection(dataset: FaceDataset) -> None:
    repeated = dataset.select(np.arange(10))
    splits = split(dataset, repeated, selection_share=0.2, seed=1)
    assert splits.duplicates_of_validation >= 10
    held_out = np.concatenate([repeated.images, splits.selection.images])
    assert not near_duplicates(splits.train.images, held_out).any()
    parts = len(splits.train) + len(splits.selection)
    left_out = splits.duplicates_of_validation + splits.duplicates_of_selection + splits.other_crops
    assert parts + left_out == len(dataset)


def test_where_nothing_is_left_to_learn_from_it_is_said(dataset: FaceDataset) -> None:
    alone = dataset.select(np.arange(1))
    for faces, validation in ((dataset, dataset), (alone, dataset.select(np.arange(1, 3)))):
        with pytest.raises(DatasetError, match="held back, or show pictures"):
            split(faces, validation, 0.2, seed=1)


def test_the_split_depends_on_the_seed_alone(dataset: FaceDataset) -> None:
    validation = dataset.select(np.arange(1))
    first, again, other = (split(dataset, validation, 0.2, seed).selection.images for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
