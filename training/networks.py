"""The networks, built from their configuration. All of them work at any face size from 16x16 up."""

from typing import Any, TypeAlias

import keras
import tensorflow as tf
from keras import layers, ops

from contracts.emotion import EMOTIONS
from training.config import Network, PlainNetwork, ResidualNetwork

Tensor: TypeAlias = Any
"""Keras annotates its operations as giving the tensor of any backend, or None; only at run time is it one of them."""


def build_network(config: Network) -> keras.Model:
    """A network from grey faces to two sets of logits.

    Returns:
        a model from float32 (n, side, side, 1), 0..255, to a list of float32 (n, 7) logits: FER+, FER-2013.
    """
    faces = keras.Input((None, None, 1), name="faces")
    features = _features(_standardise(faces), config)
    pooled = layers.Dropout(config.dropout, seed=0)(layers.GlobalAveragePooling2D()(features))
    heads = [layers.Dense(len(EMOTIONS), name=name)(pooled) for name in ("ferplus", "fer2013")]
    return keras.Model(faces, heads, name=config.kind)


def _features(faces: Tensor, config: Network) -> Tensor:
    match config:
        case PlainNetwork():
            return _plain(faces, config)
        case ResidualNetwork():
            return _residual(faces, config)


def _standardise(faces: Tensor) -> Tensor:
    """Each face to mean 0 and standard deviation 1, so that light and contrast matter little."""
    mean = ops.mean(faces, axis=(1, 2, 3), keepdims=True)
    deviation = ops.std(faces, axis=(1, 2, 3), keepdims=True)
    # A uniform image has no deviation; the bound of one grey level keeps it at zero instead of amplifying noise.
    return (faces - mean) / ops.maximum(deviation, 1.0)


def _plain(x: Tensor, config: PlainNetwork) -> Tensor:
    for width in config.widths:
        x = layers.MaxPooling2D()(_convolve(_convolve(x, width), width))
    return x


def _residual(x: Tensor, config: ResidualNetwork) -> Tensor:
    x = layers.MaxPooling2D()(_convolve(x, config.stem))
    for stage, (width, blocks) in enumerate(config.stages):
        for block in range(blocks):
            x = _basic_block(x, width, stride=2 if stage and not block else 1)
    return x


def _basic_block(x: Tensor, width: int, stride: int) -> Tensor:
    y = _convolve(_convolve(x, width, stride=stride), width, activate=False)
    if stride > 1:
        x = layers.AveragePooling2D(stride, padding="same")(x)
    if x.shape[-1] != width:
        x = _convolve(x, width, kernel=1, activate=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _convolve(x: Tensor, width: int, *, kernel: int = 3, stride: int = 1, activate: bool = True) -> Tensor:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = FusedBatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


class FusedBatchNormalization(layers.BatchNormalization):
    """Keras's own layer, but training runs TensorFlow's fused kernel, which halves the time of a step on a CPU."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training:
            return super().call(inputs, training=False)
        scale: Any = self.gamma
        offset: Any = self.beta
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, scale.value, offset.value, epsilon=self.epsilon, is_training=True
        )
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return outputs

    def _move(self, average: Any, value: Any) -> None:
        average.assign(average * self.momentum + value * (1 - self.momentum))
