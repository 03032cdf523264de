"""Weights for a run to begin from: a Keras weights file, a served version's folder, or another run's checkpoint."""

import hashlib
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.backend import value_of
from training.checkpoint import Arrays, read_checkpoint
from training.errors import CheckpointError, ModelError
from training.record import read_record

_ADVICE = (
    "Give a Keras weights file (.weights.h5 or .keras) whose layers are named as the network's, a version's folder "
    "(models/emotion/N), or the checkpoint.npz of a run."
)
_ONE_FOR_EACH = "Give one for each member of the ensemble, in the order of the members."


def load_initial(paths: Sequence[Path], network: keras.Model, *, whole: bool = False) -> Arrays:
    """What `network.weights` become when they are taken from `paths`, one after the other, as far as they fit.

    The weights of a version or a checkpoint are taken in order, each by the next one of its shape, so that a network of
    more blocks that begin as the identity computes at first what the given one did, and one of other widths gets the
    layers before the first that differs; those of a Keras file are taken by layers with the same name and shapes.
    `network` itself is changed only by a Keras file.

    Args:
        paths: of what to take.
        network: whose weights they become.
        whole: leave none of them to chance.

    Returns:
        one array for each of `network.weights`.

    Raises:
        ModelError: a path cannot be read as any of the three, nothing in them fits, something in several does not, or
            they do not give the whole.
    """
    own = [value_of(weight) for weight in network.weights]
    if len(paths) == 1 and not (paths[0].is_dir() or paths[0].suffix == ".npz"):
        taken, missing, left = _load_keras_file(paths[0], network, whole), 0, 0
    else:
        taken, missing, left = _in_order(own, [weight for path in paths for weight in _read_weights(path)])
    names = ", ".join(map(str, paths))
    if left and len(paths) > 1:
        raise ModelError(
            f"{names}: {left} of the weights do not fit the network {network.name}.",
            _ONE_FOR_EACH,
        )
    if missing and whole:
        raise ModelError(
            f"{names}: {missing} of the {len(own)} weights of the network {network.name} are not given.", _ONE_FOR_EACH
        )
    if all(np.array_equal(a, b) for a, b in zip(own, taken, strict=True)):
        raise ModelError(f"{names}: no weight fits the network {network.name}.", _ADVICE)
    return taken


def describe(path: Path) -> str:
    """The name and the SHA-256 of a file, or of the files of a folder, for the record of a run."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return f"{path.parent.name}/{path.name} sha256:{digest.hexdigest()}"


def may_overlap(path: Path, faces: str) -> bool:
    """Whether weights may have learned from faces that a run leaves out or holds back.

    Args:
        path: of weights that `load_initial` has read; those of a Keras file came from elsewhere.
        faces: `training.dataset.digest` of what the run learns from and holds back.

    Raises:
        ModelError: a version has no record.
    """
    if path.is_dir():
        record = read_record(path)
        return record.other_crops is None or record.faces != faces
    if path.suffix != ".npz":
        return False
    checkpoint = read_checkpoint(path)
    return checkpoint.overlaps or checkpoint.faces != faces


def read_version_weights(version_dir: Path) -> Arrays:
    """The weights of a served version, in the order of its network's `weights`.

    Raises:
        ModelError: the folder holds none that training has written.
    """
    # Only here, so that training on another backend does not wait for TensorFlow.
    tf: Any = import_module("tensorflow")
    try:
        reader: Any = tf.train.load_checkpoint(str(version_dir / "variables" / "variables"))
        shapes = reader.get_variable_to_shape_map()
        names = [f"weights/{index}/.ATTRIBUTES/VARIABLE_VALUE" for index in range(len(shapes))]
        return [reader.get_tensor(name) for name in names if name in shapes]
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ModelError(f"{version_dir} holds no weights that can be read ({error}).", _ADVICE) from error


def _read_weights(path: Path) -> Arrays:
    if path.is_dir():
        return read_version_weights(path)
    if path.suffix != ".npz":
        raise ModelError(f"{path} is given beside others.", "A Keras weights file can only be given alone.")
    try:
        return read_checkpoint(path).best
    except CheckpointError as error:
        raise ModelError(str(error), _ADVICE) from error


def _load_keras_file(path: Path, network: Any, whole: bool) -> Arrays:
    try:
        network.load_weights(path, skip_mismatch=not whole)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be read as a Keras weights file ({error}).", _ADVICE) from error
    return [value_of(weight) for weight in network.weights]


def _in_order(own: Arrays, found: Sequence[Any]) -> tuple[Arrays, int, int]:
    """The weights, how many of them were not found, and how many of those found are left over."""
    taken = list(own)
    waiting = deque(found)
    for index, value in enumerate(own):
        if waiting and value.shape == waiting[0].shape:
            taken[index] = np.asarray(waiting.popleft(), np.float32)
    return taken, len(own) - len(found) + len(waiting), len(waiting)
