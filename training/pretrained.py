"""`python -m training.pretrained FOLDER OUT`: weights for `faces` to begin from, of a network that tells people apart.

The network is FaceRes (A. V. Savchenko, "Efficient facial representations for age, gender and identity recognition in
organizing photo albums using multi-output ConvNet", PeerJ Computer Science, 2019): MobileNet v1, trained on the
identities of VGGFace2 (Cao et al., 2018). The npm package @vladmandic/human brings it as a model of TensorFlow.js.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
import numpy as np
import typer
from keras import layers
from pydantic import BaseModel, Field, ValidationError

from contracts.model import FACE_SIZE_PX
from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.augment import resize
from training.backend import value_of
from training.config import SeparableNetwork
from training.dataset import FaceDataset, Floats, load_dataset
from training.errors import ModelError
from training.networks import build_network
from training.settings import TrainingSettings

PRETRAINED_FILE = "faceres.weights.h5"
"""What `make pretrained` leaves in .runs/pretrained."""

_MODEL = "faceres"
_DEVIATION = 54.0
"""Of a face's grey levels, on average over FER-2013; `Standardise` divides each face by its own."""
_NORMALISED_BY = 384
"""Faces."""
_ADVICE = f"Give the folder models of @vladmandic/human, with {_MODEL}.json and {_MODEL}.bin."


class _Quantization(BaseModel):
    dtype: Literal["float16"]


class _Weight(BaseModel):
    name: str
    shape: tuple[int, ...]
    dtype: Literal["float32", "int32"]
    quantization: _Quantization | None = None

    @property
    def stored(self) -> np.dtype[np.generic]:
        return np.dtype(self.quantization.dtype if self.quantization else self.dtype).newbyteorder("<")


class _Group(BaseModel):
    weights: tuple[_Weight, ...]


class _Model(BaseModel):
    groups: tuple[_Group, ...] = Field(alias="weightsManifest", min_length=1, max_length=1)


def convert(models_dir: Path, faces: FaceDataset, out: Path) -> None:
    """Write the weights of FaceRes for a `SeparableNetwork`; its heads stay as chance made them.

    The given network has its normalisation within its kernels, and learned hardly anything more without any: here each
    convolution is normalised by what it gives for `faces`, then scaled back to that.

    Args:
        models_dir: holds faceres.json and faceres.bin.
        faces: some, to normalise by.
        out: a Keras weights file, .weights.h5.

    Raises:
        ModelError: the two files are absent, or hold something else.
    """
    found = _read(models_dir)
    network = build_network(SeparableNetwork())
    try:
        for (kernel, offset), (convolution, normalisation) in zip(_layers(found), _pairs(network), strict=True):
            convolution.set_weights([kernel])
            before: Any = keras.Model(network.input, convolution.output)
            given = value_of(before(resize(faces.images, FACE_SIZE_PX)))
            mean, variance = given.mean(axis=(0, 1, 2)), given.var(axis=(0, 1, 2))
            deviation = np.sqrt(variance + normalisation.epsilon)
            normalisation.set_weights([deviation, mean + offset, mean, variance])
    except KeyError as error:
        raise ModelError(f"{models_dir / _MODEL}.json has no weight named {error}.", _ADVICE) from error
    except ValueError as error:
        raise ModelError(
            f"{models_dir / _MODEL}.json is another network than MobileNet v1 ({error}).", _ADVICE
        ) from error
    network.save_weights(out)


def _pairs(network: keras.Model) -> Iterator[tuple[Any, Any]]:
    convolutions = [each for each in network.layers if isinstance(each, layers.Conv2D | layers.DepthwiseConv2D)]
    normalisations = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    return zip(convolutions, normalisations, strict=True)


def _read(models_dir: Path) -> Mapping[str, Floats]:
    described = models_dir / f"{_MODEL}.json"
    try:
        (group,) = _Model.model_validate_json(described.read_bytes()).groups
        left = described.with_suffix(".bin").read_bytes()
    except (OSError, ValidationError) as error:
        raise ModelError(f"{described} is no model of TensorFlow.js that can be read ({error}).", _ADVICE) from error
    weights: dict[str, Floats] = {}
    for each in group.weights:
        size = int(np.prod(each.shape)) * each.stored.itemsize
        if size > len(left):
            raise ModelError(f"{described.with_suffix('.bin')} ends in the middle of {each.name}.", _ADVICE)
        weights[each.name] = np.frombuffer(left[:size], each.stored).reshape(each.shape).astype(np.float32)
        left = left[size:]
    return weights


def _layers(found: Mapping[str, Floats]) -> Iterator[tuple[Floats, Floats]]:
    """Kernel and offset of each convolution."""
    # Of a grey face the three channels are the same.
    stem = found["conv1/convolution/merged_input"].sum(axis=2, keepdims=True)
    yield stem * _DEVIATION, found["conv1_bn/batchnorm_1/sub"]
    for block in range(1, len(SeparableNetwork().blocks) + 1):
        depthwise, pointwise = f"conv_dw_{block}", f"conv_pw_{block}"
        scale = found[f"{depthwise}_bn/batchnorm_1/mul"]
        yield found[f"{depthwise}/depthwise_kernel"] * scale[:, np.newaxis], found[f"{depthwise}_bn/batchnorm_1/sub"]
        yield found[f"{pointwise}/convolution/merged_input"], found[f"{pointwise}_bn/batchnorm_1/sub"]


def main(
    models_dir: Annotated[Path, typer.Argument(help="The folder models of @vladmandic/human.")],
    out: Annotated[Path, typer.Argument(help="Where to write the weights: a file .weights.h5.")],
) -> None:
    """Write the weights of a trained face network in the form that `training.train --init` takes."""
    try:
        faces = load_dataset(load_settings(TrainingSettings).fer2013_dir / "train.npz")
        convert(models_dir, faces.select(np.arange(min(len(faces), _NORMALISED_BY))), out)
    except EmoVerseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
