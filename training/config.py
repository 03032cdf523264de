"""Named training configurations. The next model is a new entry in `CONFIGS`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlainNetwork(_Frozen):
    """Pairs of 3x3 convolutions, each pair followed by a halving; no skip connections."""

    kind: Literal["plain"] = "plain"
    widths: tuple[int, ...] = (32, 64, 128, 192)
    """Channels of each pair, from 48x48 downwards."""

    dropout: float = 0.3


class ResidualNetwork(_Frozen):
    """A stem at full size, then stages of basic blocks (He et al., 2016), each stage at half the size of the last."""

    kind: Literal["residual"] = "residual"
    stem: int = 24
    stages: tuple[tuple[int, int], ...] = ((32, 1), (96, 2), (192, 2))
    """(channels, blocks) of each stage."""

    dropout: float = 0.3


Network = Annotated[PlainNetwork | ResidualNetwork, Field(discriminator="kind")]


class Augmentation(_Frozen):
    """Random changes to a training face, drawn anew each epoch. Ranges are symmetric around no change."""

    flip: float = 0.5
    """Probability."""

    rotate_deg: float = 12.0
    scale: float = 0.12
    """Share of the size."""

    shift: float = 0.08
    """Share of the side."""

    gamma: float = 0.35
    """Of the natural logarithm of the exponent."""

    blur: float = 0.15
    """Probability of a Gaussian blur, as of a face far from the camera."""

    noise: float = 0.15
    """Probability of additive Gaussian noise, as in low light."""

    erase: float = 0.25
    """Probability that a random rectangle is replaced by the face's mean."""


class TrainingConfig(_Frozen):
    """One way to train one network."""

    network: Network
    augmentation: Augmentation = Augmentation()
    epochs: int = Field(ge=1)
    side_px: Mapping[int, int] = {0: 48}
    """From which epoch on faces are shrunk to which side. Small faces first spend fewer operations on rough features
    (progressive resizing, Howard 2018)."""

    batch_size: int = 64
    learning_rate: float = 2e-3
    """The peak, reached after the warm-up; a cosine takes it to zero (Loshchilov and Hutter, 2017)."""

    warmup_epochs: float = 1.0
    weight_decay: float = 0.02
    average_decay: float = 0.998
    """Of the moving average of the weights, per step. The averaged weights are what is selected and exported."""

    fer2013_weight: float = 0.4
    """Weight of the original labels' loss beside the loss on the FER+ votes."""

    label_smoothing: float = 0.1
    """Of the original labels only; the FER+ votes are soft already."""

    selection_share: float = Field(default=0.08, gt=0, lt=1)
    """Share of the training file that is held back to choose the epoch, the temperatures and the threshold."""

    seed: int = 20130701


DEFAULT_CONFIG = "residual"

CONFIGS: Mapping[str, TrainingConfig] = {
    "smallest": TrainingConfig(
        network=ResidualNetwork(stem=16, stages=((32, 1), (64, 1), (128, 1)), dropout=0.1),
        epochs=6,
        side_px={0: 32, 4: 48},
        learning_rate=3e-3,
        average_decay=0.99,
    ),
    "plain": TrainingConfig(network=PlainNetwork(), epochs=24, side_px={0: 36, 12: 48}),
    "residual": TrainingConfig(network=ResidualNetwork(), epochs=24, side_px={0: 32, 10: 40, 15: 48}),
}
