"""The networks, built from their configuration. All of them work at any face size from 16x16 up."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import layers

from contracts.emotion import EMOTIONS
from training.config import (
    EnsembleNetwork,
    MobileNetwork,
    Network,
    PlainNetwork,
    ResidualNetwork,
    SeparableNetwork,
    SingleNetwork,
    VggNetwork,
)
from training.layers import (
    Convolution,
    FusedBatchNormalization,
    MirroredBatchNormalization,
    MirroredConvolution,
    Standardise,
)

Tensor: TypeAlias = Any
"""Keras annotates its operations as giving the tensor of any backend, or None; only at run time is it one of them."""


def build_network(config: Network, precision: str = "float32") -> keras.Model:
    """A network from grey faces to two sets of logits.

    Args:
        config: what to build.
        precision: of activations and convolutions, float32 or bfloat16; the weights are float32 and the same for both.

    Returns:
        a model from float32 (n, side, side, 1), 0..255, to a list of float32 (n, 7) logits: FER+, FER-2013.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        return _build_ensemble(config.members) if isinstance(config, EnsembleNetwork) else _build(config, config.kind)
    finally:
        keras.config.set_dtype_policy(before)


def _build_ensemble(members: Sequence[SingleNetwork]) -> keras.Model:
    # Models within the model: so the weights are those of the first member, then those of the next.
    faces = keras.Input((None, None, 1), name="faces", dtype="float32")
    said = [_build(member, f"member_{number}")(faces) for number, member in enumerate(members)]
    heads = [layers.Average(dtype="float32")(logits) for logits in zip(*said, strict=True)]
    return keras.Model(faces, heads, name="ensemble")


def _build(config: SingleNetwork, name: str) -> keras.Model:
    faces = keras.Input((None, None, 1), name="faces", dtype="float32")
    features = _features(Standardise(name="standardise", dtype="float32")(faces), config)
    pooled = layers.Dropout(config.dropout, seed=0)(layers.GlobalAveragePooling2D(dtype="float32")(features))
    heads = [layers.Dense(len(EMOTIONS), name=name, dtype="float32")(pooled) for name in ("ferplus", "fer2013")]
    return keras.Model(faces, heads, name=name)


def _features(faces: Tensor, config: SingleNetwork) -> Tensor:
    match config:
        case PlainNetwork():
            return _plain(faces, config)
        case VggNetwork():
            return _vgg(faces, config)
        case MobileNetwork():
            return _mobile(faces, config)
        case ResidualNetwork():
            return _residual(faces, config)
        case SeparableNetwork():
            return _separable(faces, config)


def _plain(x: Tensor, config: PlainNetwork) -> Tensor:
    for width in config.widths:
        x = layers.Conv2D(width, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D()(x)
    return layers.Conv2D(config.hidden, 1, activation="relu", kernel_initializer="he_normal")(x)


def _vgg(x: Tensor, config: VggNetwork) -> Tensor:
    convolve = _convolve_mirrored if config.mirrored else _convolve
    for width in config.widths:
        x = layers.MaxPooling2D()(convolve(convolve(x, width), width))
    if config.last_width:
        x = convolve(convolve(x, config.last_width), config.last_width)
    if config.mirrored:
        half = x.shape[-1] // 2
        x = layers.Average()([x[..., :half], x[..., half:]])
    return x


def _convolve_mirrored(x: Tensor, width: int) -> Tensor:
    return layers.ReLU()(MirroredBatchNormalization(momentum=0.9)(MirroredConvolution(width)(x)))


def _mobile(x: Tensor, config: MobileNetwork) -> Tensor:
    x = _convolve(x, config.stem, kernel=6, stride=2)
    for stage, (width, blocks) in enumerate(config.stages):
        for block in range(blocks):
            x = _inverted_block(x, width, config.expansion, stride=2 if stage and not block else 1)
    return x


def _inverted_block(x: Tensor, width: int, expansion: int, stride: int) -> Tensor:
    y = _convolve(x, expansion * x.shape[-1], kernel=1)
    # An even kernel where the stride is 2 is padded alike on both sides, on every backend.
    y = layers.DepthwiseConv2D(4 if stride > 1 else 3, stride, padding="same", use_bias=False)(y)
    y = layers.ReLU()(FusedBatchNormalization(momentum=0.9)(y))
    y = _convolve(y, width, kernel=1, activate=False)
    return y if stride > 1 or x.shape[-1] != width else layers.Add()([x, y])


def _residual(x: Tensor, config: ResidualNetwork) -> Tensor:
    x = _convolve(x, config.stem, kernel=6, stride=2)
    for stage, (width, blocks) in enumerate(config.stages):
        for block in range(blocks):
            x = _basic_block(x, width, config.zero_init_residual, stride=2 if stage and not block else 1)
    return x


def _basic_block(x: Tensor, width: int, zero_init: bool, stride: int) -> Tensor:
    y = _convolve(x, width, kernel=2, stride=2) if stride > 1 else _convolve(x, width)
    y = FusedBatchNormalization(momentum=0.9, gamma_initializer="zeros" if zero_init else "ones")(Convolution(width)(y))
    if stride > 1:
        x = layers.AveragePooling2D(stride)(x)
    if x.shape[-1] != width:
        x = _convolve(x, width, kernel=1, activate=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _separable(x: Tensor, config: SeparableNetwork) -> Tensor:
    x = layers.UpSampling2D(config.zoom, interpolation="bilinear")(x)
    x = _clip(layers.Conv2D(config.stem, 3, 2, use_bias=False)(_pad_below(x)))
    for width, stride in config.blocks:
        # Padded as Keras's own MobileNet is, whose weights others have trained.
        padding, padded = ("same", x) if stride == 1 else ("valid", _pad_below(x))
        x = _clip(layers.DepthwiseConv2D(3, stride, padding, use_bias=False)(padded))
        x = _clip(Convolution(width, 1)(x))
    return x


def _pad_below(x: Tensor) -> Tensor:
    return layers.ZeroPadding2D(((0, 1), (0, 1)))(x)


def _clip(x: Tensor) -> Tensor:
    return layers.ReLU(6)(FusedBatchNormalization(momentum=0.9)(x))


def _convolve(x: Tensor, width: int, *, kernel: int = 3, stride: int = 1, activate: bool = True) -> Tensor:
    x = FusedBatchNormalization(momentum=0.9)(Convolution(width, kernel, stride)(x))
    return layers.ReLU()(x) if activate else x
