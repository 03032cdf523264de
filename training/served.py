"""The served SavedModel, opened and checked against `contracts.model`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from contracts.emotion import EMOTIONS
from contracts.model import (
    FACE_SIZE_PX,
    FER2013_PROBABILITIES,
    INPUT_NAME,
    LABELS,
    PROBABILITIES,
    SIGNATURE_NAME,
    UNCERTAIN_BELOW,
)
from training.dataset import Floats, Images
from training.errors import ModelError

_BATCH = 256
_OUTPUTS = {PROBABILITIES, FER2013_PROBABILITIES, LABELS, UNCERTAIN_BELOW}
_PROBES = 2
_PROBED = {
    PROBABILITIES: ("float32", (_PROBES, len(EMOTIONS))),
    FER2013_PROBABILITIES: ("float32", (_PROBES, len(EMOTIONS))),
    LABELS: ("object", (_PROBES, len(EMOTIONS))),
    UNCERTAIN_BELOW: ("float32", (_PROBES,)),
}
_TOLERANCE = 1e-3
_ADVICE = (
    f"Expected a SavedModel with the signature {SIGNATURE_NAME}: {INPUT_NAME} uint8 "
    f"(n, {FACE_SIZE_PX}, {FACE_SIZE_PX}, 1) in; {', '.join(sorted(_OUTPUTS))} out; labels {', '.join(EMOTIONS)}."
)


@dataclass(frozen=True)
class Readings:
    """What the model says of n faces.

    Attributes:
        probabilities: float32, (n, 7), rows sum to 1; the FER+ head.
        fer2013_probabilities: float32, (n, 7), rows sum to 1.
    """

    probabilities: Floats
    fer2013_probabilities: Floats


class ServedModel:
    """One version of the emotion model, called through its serving signature as TensorFlow Serving would.

    Raises:
        ModelError: the folder holds no SavedModel, or one with another interface or other labels.
    """

    def __init__(self, version_dir: Path) -> None:
        self.version_dir = version_dir
        self._model, self.signature = _load(version_dir)
        probe = self._call(np.zeros((_PROBES, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8))
        found = {name: (value.dtype.name, value.shape) for name, value in probe.items()}
        if found != _PROBED:
            raise ModelError(f"{version_dir} gives {found} for {_PROBES} faces, not {_PROBED}.", _ADVICE)
        self.uncertain_below = float(probe[UNCERTAIN_BELOW][0])
        labels = [label.decode() for label in probe[LABELS][0]]
        if labels != list(EMOTIONS):
            raise ModelError(f"{version_dir} has the labels {', '.join(labels)}.", _ADVICE)

    @property
    def name(self) -> str:
        """Such as emotion/1."""
        return f"{self.version_dir.parent.name}/{self.version_dir.name}"

    def read(self, images: Images) -> Readings:
        """Read faces: uint8, (n, 48, 48), 0..255, n at least 1.

        Raises:
            ModelError: what the model gives are no probabilities.
        """
        starts = range(0, len(images), _BATCH)
        outputs = [self._call(images[start : start + _BATCH]) for start in starts]
        return Readings(
            self._probabilities(outputs, PROBABILITIES), self._probabilities(outputs, FER2013_PROBABILITIES)
        )

    def _call(self, images: Images) -> Mapping[str, Any]:
        outputs = self.signature(**{INPUT_NAME: tf.constant(images[..., np.newaxis])})
        return {name: value.numpy() for name, value in outputs.items()}

    def _probabilities(self, outputs: Sequence[Mapping[str, Any]], name: str) -> Floats:
        found = np.concatenate([output[name] for output in outputs])
        if not ((found >= 0).all() and np.allclose(found.sum(axis=1), 1, atol=_TOLERANCE)):
            raise ModelError(f"{self.version_dir} gives {name} that are negative, or do not sum to 1.", _ADVICE)
        return found


def newest_version(models_dir: Path) -> Path:
    """The folder with the highest number in `models_dir`, or `models_dir` itself if it is a SavedModel.

    Raises:
        ModelError: there is none.
    """
    if (models_dir / "saved_model.pb").is_file():
        return models_dir
    numbered = [path for path in models_dir.glob("*") if path.name.isdecimal() and path.is_dir()]
    if not numbered:
        raise ModelError(f"{models_dir} holds no numbered version folder.", _ADVICE)
    return max(numbered, key=lambda path: int(path.name))


def _load(version_dir: Path) -> tuple[Any, Any]:
    try:
        model: Any = tf.saved_model.load(str(version_dir))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ModelError(f"{version_dir} cannot be loaded as a SavedModel ({error}).", _ADVICE) from error
    serve = model.signatures.get(SIGNATURE_NAME)
    if serve is None:
        raise ModelError(f"{version_dir} has no signature {SIGNATURE_NAME}.", _ADVICE)
    inputs: Mapping[str, Any] = serve.structured_input_signature[1]
    expected = {INPUT_NAME: ("uint8", f"(None, {FACE_SIZE_PX}, {FACE_SIZE_PX}, 1)")}
    found = {name: (spec.dtype.name, str(spec.shape)) for name, spec in inputs.items()}
    if found != expected or set(serve.structured_outputs) != _OUTPUTS:
        raise ModelError(
            f"{version_dir} takes {found} and gives {', '.join(sorted(serve.structured_outputs))}.", _ADVICE
        )
    # The signature holds its variables weakly: the model must live as long as it does.
    return model, serve
