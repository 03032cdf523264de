"""The dataset files: faces with the original FER-2013 label and the ten FER+ votes.

FER-2013: Goodfellow et al., "Challenges in representation learning", 2013. FER+: Barsoum et al., "Training deep
networks for facial expression recognition with crowd-sourced label distribution", 2016.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from contracts.emotion import EMOTIONS, Emotion
from contracts.model import FACE_SIZE_PX
from training.errors import DatasetError

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FERPLUS_COLUMNS: tuple[Emotion | None, ...] = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.DISGUST,
    Emotion.FEAR,
    None,  # contempt
    None,  # unknown
    None,  # not a face
)
"""The emotion of each column of the votes, in the order in which FER+ publishes them."""

_COLUMN_OF_EMOTION = [FERPLUS_COLUMNS.index(emotion) for emotion in EMOTIONS]
_LABEL_OF_COLUMN = np.array([-1 if emotion is None else EMOTIONS.index(emotion) for emotion in FERPLUS_COLUMNS])

_EXPECTED: Mapping[str, tuple[int, ...]] = {
    "images": (FACE_SIZE_PX, FACE_SIZE_PX),
    "fer2013_label": (),
    "ferplus_votes": (len(FERPLUS_COLUMNS),),
}
_ADVICE = (
    f"Expected an npz file with images uint8 (n, {FACE_SIZE_PX}, {FACE_SIZE_PX}), fer2013_label uint8 (n,) with values "
    f"0..{len(EMOTIONS) - 1}, and ferplus_votes uint8 (n, {len(FERPLUS_COLUMNS)}) with at least one vote in each row."
)

_THUMBNAIL_PX = 16
_NEAR_DUPLICATE_CORRELATION = 0.94


@dataclass(frozen=True)
class FaceDataset:
    """Labelled faces.

    Attributes:
        images: uint8, (n, 48, 48), 0..255, grey.
        fer2013_label: int64, (n,), 0..6 in the order of `EMOTIONS`.
        votes: uint8, (n, 10), in the order of `FERPLUS_COLUMNS`.
    """

    images: Images
    fer2013_label: Indices
    votes: Images

    def __len__(self) -> int:
        return len(self.images)

    def select(self, rows: Mask | Indices) -> "FaceDataset":
        """The faces at `rows`."""
        return FaceDataset(self.images[rows], self.fer2013_label[rows], self.votes[rows])

    @property
    def ferplus_label(self) -> Indices:
        """int64, (n,), 0..6, or -1 where the majority of all ten columns is contempt, unknown or not a face.

        A tie goes to the column that FER+ lists first.
        """
        return _LABEL_OF_COLUMN[self.votes.argmax(axis=1)]

    @property
    def ferplus_share(self) -> Floats:
        """float32, (n,), 0..1: the share of the votes that went to one of the seven emotions."""
        return (self._emotion_votes.sum(axis=1) / self.votes.sum(axis=1)).astype(np.float32)

    def ferplus_distribution(self, drop_single_votes: bool = False) -> Floats:
        """float32, (n, 7): the votes for the seven emotions, each row summing to 1, or all zero if there are none.

        Args:
            drop_single_votes: leave out emotions with one vote where another has more.
        """
        votes = self._emotion_votes.astype(np.float32)
        if drop_single_votes:
            votes[(votes == 1) & (votes.max(axis=1, keepdims=True) > 1)] = 0
        return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)

    @property
    def _emotion_votes(self) -> Images:
        return self.votes[:, _COLUMN_OF_EMOTION]


def load_dataset(path: Path) -> FaceDataset:
    """Read and check a dataset file; arrays beyond the three that are needed are ignored.

    Raises:
        DatasetError: there is no such file, it is not an npz, or an array is missing, empty, or of another shape, dtype
            or range than expected.
    """
    arrays = _read_arrays(path)
    for name, tail in _EXPECTED.items():
        _check_array(path, name, arrays[name], (len(arrays["images"]), *tail))
    labels, votes = arrays["fer2013_label"], arrays["ferplus_votes"]
    if not len(labels):
        raise DatasetError(f"{path} holds no faces.", _ADVICE)
    if labels.max() >= len(EMOTIONS):
        raise DatasetError(f"{path}: fer2013_label holds the value {labels.max()}.", _ADVICE)
    if not votes.any(axis=1).all():
        raise DatasetError(f"{path}: row {int((~votes.any(axis=1)).argmax())} of ferplus_votes is empty.", _ADVICE)
    return FaceDataset(arrays["images"], labels.astype(np.int64), votes)


def _read_arrays(path: Path) -> dict[str, Images]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            missing = sorted(_EXPECTED.keys() - set(file.files))
            if missing:
                raise DatasetError(f"{path} lacks {', '.join(missing)}.", _ADVICE)
            return {name: file[name] for name in _EXPECTED}
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.", _ADVICE) from error
    # np.load gives a bare array, which is no context manager, for an npy file: TypeError or AttributeError.
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} cannot be read as an npz file ({error}).", _ADVICE) from error


def _check_array(path: Path, name: str, array: Images, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.uint8:
        raise DatasetError(f"{path}: {name} is {array.dtype} {array.shape}, not uint8 {shape}.", _ADVICE)


def near_duplicates(candidates: Images, held_out: Images) -> Mask:
    """Which candidates show a picture that is also in the held-out set, up to crop noise, brightness or mirroring.

    Pictures are compared by the correlation of their 16x16 thumbnails. Above 0.94 the pairs in FER-2013 are the same
    photograph; below 0.92 most are different people.

    Args:
        candidates: uint8, (n, 48, 48).
        held_out: uint8, (m, 48, 48).

    Returns:
        bool, (n,).
    """
    references = np.concatenate([_thumbnails(held_out), _thumbnails(held_out[:, :, ::-1])]).T
    found = [
        (_thumbnails(chunk) @ references).max(axis=1) > _NEAR_DUPLICATE_CORRELATION
        for chunk in np.array_split(candidates, max(1, len(candidates) // 2048))
    ]
    return np.concatenate(found)


def _thumbnails(images: Images) -> Floats:
    size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
    small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA).ravel() for image in images]
    centred = np.stack(small).astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


@dataclass(frozen=True)
class Splits:
    """What a run learns from, what it chooses by, and how many faces were left out as near-duplicates of others."""

    train: FaceDataset
    selection: FaceDataset
    duplicates_of_validation: int
    duplicates_of_selection: int


def split(dataset: FaceDataset, validation: FaceDataset, selection_share: float, seed: int) -> Splits:
    """Hold back a random share for selection, and drop what repeats a face of validation or of the selection.

    Validation itself is used for nothing but finding the faces that must not be learned.
    """
    repeats_validation = near_duplicates(dataset.images, validation.images)
    clean = dataset.select(~repeats_validation)
    shuffled = np.random.default_rng(seed).permutation(len(clean))
    n_selection = max(1, round(selection_share * len(clean)))
    selection, rest = clean.select(shuffled[:n_selection]), clean.select(shuffled[n_selection:])
    repeats_selection = near_duplicates(rest.images, selection.images)
    return Splits(
        train=rest.select(~repeats_selection),
        selection=selection,
        duplicates_of_validation=int(repeats_validation.sum()),
        duplicates_of_selection=int(repeats_selection.sum()),
    )


def load_splits(folder: Path, selection_share: float, seed: int) -> Splits:
    """`split` of the folder's train.npz, clean of its validation.npz.

    Raises:
        DatasetError: one of the two is absent or wrong.
    """
    return split(load_dataset(folder / "train.npz"), load_dataset(folder / "validation.npz"), selection_share, seed)
