"""The dataset files: faces with the original FER-2013 label and the ten FER+ votes.

FER-2013: Goodfellow et al., "Challenges in representation learning", 2013. FER+: Barsoum et al., "Training deep
networks for facial expression recognition with crowd-sourced label distribution", 2016.
"""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
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
_ALIKE = 0.94
_PERHAPS_ALIKE = 0.7
_TRIED = 3
_ALIGNED = 0.93
_SHIFT_PX = 6
_SCALES = (1.0, 0.95, 1.05, 0.9, 1.1)


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
    def ferplus_agreed(self) -> Mask:
        """bool, (n,): whether more than half of the votes are for the label, those that an annotator is alone with left
        out. Others are no majority to Barsoum et al. (2016), and not in what they and most after them report."""
        votes = np.where(self.votes > 1, self.votes, 0)
        return (self.ferplus_label >= 0) & (2 * votes.max(axis=1) > votes.sum(axis=1))

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
    n = next(iter(arrays["images"].shape), 0)
    for name, tail in _EXPECTED.items():
        _check_array(path, name, arrays[name], (n, *tail))
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
            # A member that is no array is given as bytes.
            arrays = {name: np.asarray(file[name]) for name in _EXPECTED if name in file}
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.", _ADVICE) from error
    # What damage raises depends on the archive's compression, and a wrong size in a header raises MemoryError.
    except Exception as error:
        raise DatasetError(f"{path} cannot be read as an npz file ({error}).", _ADVICE) from error
    missing = sorted(_EXPECTED.keys() - arrays.keys())
    if missing:
        raise DatasetError(f"{path} lacks {', '.join(missing)}.", _ADVICE)
    return arrays


def _check_array(path: Path, name: str, array: Images, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.uint8:
        raise DatasetError(f"{path}: {name} is {array.dtype} {array.shape}, not uint8 {shape}.", _ADVICE)


def near_duplicates(candidates: Images, held_out: Images) -> Mask:
    """Which candidates show a picture that is also in the held-out set, up to brightness, mirroring and crop.

    FER-2013 has many a photograph several times, cropped a few pixels apart. Two pictures are taken for one if their
    16x16 thumbnails correlate above 0.94, or if the middle of the one correlates above 0.93 with some place in the
    other, which is scaled by up to 10 % and moved by up to 6 pixels. Of 60 pairs found so and looked at, all were one
    photograph; at 0.90 to 0.92 a third are not. To save time only the three held-out pictures with the likest
    thumbnails are tried so, and those only above 0.7.

    Args:
        candidates: uint8, (n, 48, 48).
        held_out: uint8, (m, 48, 48).

    Returns:
        bool, (n,).
    """
    references = _with_mirrored(held_out)
    rows = itertools.chain.from_iterable(_correlations(candidates, references))
    return np.array([_repeats(*pair, references) for pair in zip(candidates, rows, strict=True)], bool)


def _repeats(image: Images, correlations: Floats, references: Images) -> bool:
    perhaps = np.flatnonzero(correlations > _PERHAPS_ALIKE)
    likest = perhaps[np.argsort(-correlations[perhaps])][:_TRIED]
    return any(correlations[at] > _ALIKE or _shows_same(image, references[at]) for at in likest)


def _shows_same(image: Images, reference: Images) -> bool:
    middle = image[_SHIFT_PX:-_SHIFT_PX, _SHIFT_PX:-_SHIFT_PX]
    return any(
        cv2.matchTemplate(_scaled(reference, scale), middle, cv2.TM_CCOEFF_NORMED).max() > _ALIGNED for scale in _SCALES
    )


def _scaled(image: Images, scale: float) -> Images:
    centre = ((FACE_SIZE_PX - 1) / 2, (FACE_SIZE_PX - 1) / 2)
    turned = cv2.getRotationMatrix2D(centre, 0, scale)
    return np.asarray(cv2.warpAffine(image, turned, image.shape, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _alike(candidates: Images, held_out: Images) -> Mask:
    rows = _correlations(candidates, _with_mirrored(held_out))
    return np.concatenate([row.max(axis=1) > _ALIKE for row in rows])


def _correlations(candidates: Images, references: Images) -> Iterator[Floats]:
    """Of the thumbnails: float32, (some of n, m) at a time."""
    columns = _thumbnails(references).T
    for chunk in np.array_split(candidates, max(1, len(candidates) // 2048)):
        yield _thumbnails(chunk) @ columns


def _with_mirrored(images: Images) -> Images:
    return np.concatenate([images, images[:, :, ::-1]])


def _thumbnails(images: Images) -> Floats:
    size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
    small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA).ravel() for image in images]
    centred = np.stack(small).astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


@dataclass(frozen=True)
class Splits:
    """What a run learns from, what it chooses by, and how many faces were left out as near-duplicates of others.

    Attributes:
        train: learned from.
        selection: held back.
        duplicates_of_validation: left out because their thumbnail is in the validation file.
        duplicates_of_selection: of the others, because it is in the selection.
        other_crops: of the others, because another crop of the photograph is in one of the two.
    """

    train: FaceDataset
    selection: FaceDataset
    duplicates_of_validation: int
    duplicates_of_selection: int
    other_crops: int


def digest(*parts: FaceDataset) -> str:
    """The SHA-256 of the pictures, labels and votes of the parts, in their order."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(f"{len(part)} faces".encode())
        for array in (part.images, part.fer2013_label, part.votes):
            sha.update(array.tobytes())
    return sha.hexdigest()


def split(dataset: FaceDataset, validation: FaceDataset, selection_share: float, seed: int) -> Splits:
    """Hold back a random share for selection, and drop what repeats a face of validation or of the selection.

    Validation itself is used for nothing but finding the faces that must not be learned.

    Raises:
        DatasetError: no face is left to learn from.
    """
    # Thumbnails alone tell what may be held back, and other crops leave only what is learned: runs that begin from
    # others must hold back the same faces, whichever crops were found for those.
    repeats_validation = _alike(dataset.images, validation.images)
    clean = dataset.select(~repeats_validation)
    shuffled = np.random.default_rng(seed).permutation(len(clean))
    n_selection = max(1, round(selection_share * len(clean)))
    if n_selection >= len(clean):
        raise _nothing_left(dataset)
    selection, rest = clean.select(shuffled[:n_selection]), clean.select(shuffled[n_selection:])
    repeats_selection = _alike(rest.images, selection.images)
    train = rest.select(~repeats_selection)
    if not len(train):
        raise _nothing_left(dataset)
    other_crops = near_duplicates(train.images, validation.images) | near_duplicates(train.images, selection.images)
    if other_crops.all():
        raise _nothing_left(dataset)
    return Splits(
        train=train.select(~other_crops),
        selection=selection,
        duplicates_of_validation=int(repeats_validation.sum()),
        duplicates_of_selection=int(repeats_selection.sum()),
        other_crops=int(other_crops.sum()),
    )


def _nothing_left(dataset: FaceDataset) -> DatasetError:
    return DatasetError(
        f"All of the {len(dataset)} training faces are held back, or show pictures of others that are.",
        "Give a train.npz with other faces than validation.npz, and more of them.",
    )


def load_splits(folder: Path, selection_share: float, seed: int) -> Splits:
    """`split` of the folder's train.npz, clean of its validation.npz.

    Raises:
        DatasetError: one of the two is absent or wrong, or no face is left to learn from.
    """
    return split(load_dataset(folder / "train.npz"), load_dataset(folder / "validation.npz"), selection_share, seed)
