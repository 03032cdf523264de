"""Layers that compute what Keras's own do, with the fused kernels of the backend that runs them.

Their weights are the same on every backend: a network trained on one of them is exported by another.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from training.backend import BACKEND, RUNTIME


class Standardise(layers.Layer):
    """Each face to mean 0 and standard deviation 1, so that light and contrast matter little."""

    def call(self, faces: Any) -> Any:
        mean: Any = ops.mean(faces, axis=(1, 2, 3), keepdims=True)
        deviation: Any = ops.std(faces, axis=(1, 2, 3), keepdims=True)
        # A uniform image has no deviation; the bound of one grey level keeps it at zero instead of amplifying noise.
        return (faces - mean) / ops.maximum(deviation, 1.0)

    def compute_output_spec(self, faces: Any) -> keras.KerasTensor:
        return keras.KerasTensor(faces.shape, self.compute_dtype)


class Convolution(layers.Conv2D):
    """A convolution without bias, padded alike on both sides, so that its output has 1/stride of the input's size.

    Keras permutes and casts around PyTorch's kernel in a way that costs a fifth of a training step on a CPU.

    Raises:
        ValueError: the padding cannot be the same on both sides (a kernel and a stride that differ in parity).
    """

    def __init__(self, width: int, kernel: int = 3, stride: int = 1, **options: Any) -> None:
        if (kernel - stride) % 2:
            raise ValueError(f"A kernel of {kernel} and a stride of {stride} cannot be padded alike on both sides.")
        options |= {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
        super().__init__(width, kernel, stride, **options)

    def call(self, inputs: Any) -> Any:
        kernel = self.whole_kernel()
        return _torch_convolution(inputs, kernel, self) if BACKEND == "torch" else self.convolution_op(inputs, kernel)

    def whole_kernel(self) -> Any:
        """What the input is convolved with."""
        return ops.convert_to_tensor(self.kernel)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)


class MirroredConvolution(Convolution):
    """A convolution whose second half of channels is what the first half would be of the mirrored input, mirrored back:
    the group convolution of Cohen and Welling ("Group equivariant convolutional networks", 2016) for reflection.

    The input is a picture of one channel, or what another such layer gives.

    Raises:
        ValueError: the number of channels is odd.
    """

    def __init__(self, width: int, kernel: int = 3, stride: int = 1, **options: Any) -> None:
        if width % 2:
            raise ValueError(f"{width} channels cannot be halved.")
        super().__init__(width // 2, kernel, stride, **options)

    def whole_kernel(self) -> Any:
        kernel: Any = super().whole_kernel()
        mirrored: Any = ops.roll(ops.flip(kernel, axis=1), kernel.shape[2] // 2, axis=2)
        return ops.concatenate([kernel, mirrored], axis=3)

    def compute_output_shape(self, input_shape: Any) -> Any:
        *before, half = super().compute_output_shape(input_shape)
        return (*before, 2 * half)


class FusedBatchNormalization(layers.BatchNormalization):
    """Keras's own layer, computed by the backend's fused kernel, which halves the time of a training step on a CPU."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if BACKEND not in _NORMALISE:
            return super().call(inputs, training=training)
        return _NORMALISE[BACKEND](inputs, self, bool(training))

    def learned(self) -> Sequence[Any]:
        """Scale, offset, mean and variance of each channel of the input, as learned so far."""
        learned: tuple[Any, ...] = (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        return [each.value for each in learned]

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, self.compute_dtype)


class MirroredBatchNormalization(FusedBatchNormalization):
    """Both halves of a `MirroredConvolution`'s channels normalised alike."""

    def build(self, input_shape: Any) -> None:
        super().build((*input_shape[:-1], input_shape[-1] // 2))
        self.input_spec = None

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if BACKEND == "tensorflow" and not training:
            # Reshaped, it would not become one with the convolution before it.
            return super().call(inputs)
        shape: Any = ops.shape(inputs)
        halves = ops.reshape(inputs, (shape[0], shape[1], 2 * shape[2], shape[3] // 2))
        return ops.reshape(super().call(halves, training, mask), shape)

    def learned(self) -> Sequence[Any]:
        return [ops.tile(each, 2) for each in super().learned()]


def _torch_convolution(inputs: Any, kernel: Any, layer: Any) -> Any:
    kernel = kernel.permute(3, 2, 0, 1).to(inputs.dtype)
    (size, _), (stride, _) = layer.kernel_size, layer.strides
    outputs = RUNTIME.nn.functional.conv2d(inputs.permute(0, 3, 1, 2), kernel, None, stride, (size - stride + 1) // 2)
    return outputs.permute(0, 2, 3, 1)


def _torch_normalise(inputs: Any, layer: Any, training: bool) -> Any:
    outputs = RUNTIME.nn.functional.batch_norm(
        inputs.permute(0, 3, 1, 2),
        layer.moving_mean.value,
        layer.moving_variance.value,
        layer.gamma.value,
        layer.beta.value,
        training=training,
        momentum=1 - layer.momentum,
        eps=layer.epsilon,
    )
    return outputs.permute(0, 2, 3, 1)


def _tensorflow_normalise(inputs: Any, layer: Any, training: bool) -> Any:
    normalise = RUNTIME.compat.v1.nn.fused_batch_norm
    if not training:
        return normalise(inputs, *layer.learned(), epsilon=layer.epsilon, is_training=False)[0]
    outputs, *found = normalise(inputs, layer.gamma.value, layer.beta.value, epsilon=layer.epsilon)
    for average, value in zip((layer.moving_mean, layer.moving_variance), found, strict=True):
        average.assign(average * layer.momentum + value * (1 - layer.momentum))
    return outputs


_NORMALISE = {"torch": _torch_normalise, "tensorflow": _tensorflow_normalise}
