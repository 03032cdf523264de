"""What follows the gradients."""

from math import prod
from typing import Any

import keras
from keras import ops

from training.config import TrainingConfig

_CLIP_NORM = 1.0
"""Of all gradients together."""
_KERNEL_RANK = 4
"""Height, width, channels of the input and of the output."""


class ConvolutionMuon(keras.optimizers.Muon):
    """Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024) for convolutions: a kernel
    is a matrix from its window of the input to its output's channels. What else there is goes by Adam.

    Keras's own takes matrices alone, which here are the heads, that Muon is not meant for.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != _KERNEL_RANK

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        matrix: Any = ops.reshape(x, (-1, x.shape[-1]))
        return ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        *window, channels = x.shape
        return x * (max(prod(window), channels) ** 0.5 * self.rms_rate)


def make_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """The configuration's optimiser, with weight decay apart from the gradients (Loshchilov and Hutter, 2019)."""
    rate, decay = config.learning_rate, config.weight_decay
    optimizer: keras.optimizers.Optimizer = (
        ConvolutionMuon(rate, weight_decay=decay, adam_weight_decay=decay, global_clipnorm=_CLIP_NORM)
        if config.optimizer == "muon"
        else keras.optimizers.AdamW(rate, weight_decay=decay, global_clipnorm=_CLIP_NORM)
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
