"""What a training configuration tells."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlainNetwork(_Frozen):
    """3x3 convolutions, each followed by a halving, and a hidden layer; neither normalisation nor skip connections: the
    shape of the first networks for FER-2013, and the baseline."""

    kind: Literal["plain"] = "plain"
    widths: tuple[int, ...] = (32, 64, 128, 256)
    """Channels of each convolution, from 48x48 downwards."""

    hidden: int = 256
    dropout: float = 0.3


class VggNetwork(_Frozen):
    """Pairs of normalised 3x3 convolutions, each pair followed by a halving (Simonyan and Zisserman, 2015)."""

    kind: Literal["vgg"] = "vgg"
    widths: tuple[int, ...] = (32, 64, 128, 192)
    """Channels of each pair, from 48x48 downwards."""

    mirrored: bool = False
    """Whether half of the channels are what the other half would be of the mirrored face, so that a face and its mirror
    image are read alike (Cohen and Welling, 2016): as many operations with half of the weights."""

    last_width: int = 0
    """Channels of another pair, on what the last halving leaves, where there are few pixels and weights cost few
    operations; 0 for none."""

    dropout: float = 0.3


class MobileNetwork(_Frozen):
    """A stem, then stages of inverted residual blocks (Sandler et al., 2018), each at half the size of the last."""

    kind: Literal["mobile"] = "mobile"
    stem: int = 32
    stages: tuple[tuple[int, int], ...] = ((32, 2), (64, 3), (128, 3))
    """(channels, blocks) of each stage."""

    expansion: int = 4
    """Channels of a block's depthwise convolution for each of its input."""

    dropout: float = 0.2


class ResidualNetwork(_Frozen):
    """A stem, then stages of basic blocks (He et al., 2016), each stage at half the size of the last."""

    kind: Literal["residual"] = "residual"
    stem: int = 32
    """Channels at half the size of the face; the stem's kernel is 6x6 with a stride of 2."""

    stages: tuple[tuple[int, int], ...] = ((48, 1), (96, 2), (192, 2))
    """(channels, blocks) of each stage."""

    zero_init_residual: bool = False
    """Whether each block begins as the identity (Goyal et al., 2017): a trained network that grows by such blocks
    forgets nothing."""

    dropout: float = 0.3


class SeparableNetwork(_Frozen):
    """Depthwise separable convolutions of enlarged faces (Howard et al., "MobileNets", 2017): as others have trained on
    larger pictures."""

    kind: Literal["separable"] = "separable"
    stem: int = 32
    """Channels at half the size of the enlarged face."""

    blocks: tuple[tuple[int, int], ...] = (
        *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
        *((512, 1),) * 5,
        *((1024, 2), (1024, 1)),
    )
    """(channels, stride) of each."""

    zoom: int = Field(default=3, ge=1)
    """How many times the face is enlarged before the stem."""

    dropout: float = 0.3


SingleNetwork = Annotated[
    PlainNetwork | VggNetwork | MobileNetwork | ResidualNetwork | SeparableNetwork, Field(discriminator="kind")
]


class EnsembleNetwork(_Frozen):
    """Networks beside each other, whose logits are averaged: one model, one forward pass. Networks that err differently
    read better together than one of them (Hansen and Salamon, 1990), and often than one of the size of all (Kondratyuk
    et al., "When ensembling smaller models is more efficient than single large models", 2020)."""

    kind: Literal["ensemble"] = "ensemble"
    members: tuple[SingleNetwork, ...] = Field(min_length=2)


Network = Annotated[
    PlainNetwork | VggNetwork | MobileNetwork | ResidualNetwork | SeparableNetwork | EnsembleNetwork,
    Field(discriminator="kind"),
]


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

    blur_px: float = Field(default=1.2, ge=0.4)
    """The most that its standard deviation may be, for a side of 48."""

    noise: float = 0.15
    """Probability of additive Gaussian noise."""

    low_light: float = 0.0
    """Probability of the noise that a sensor has in between all and a twelfth of the light."""

    jpeg: float = 0.0
    """Probability of strong compression."""

    erase: float = 0.25
    """Probability that a random rectangle is replaced by the face's mean."""

    mixup: float = 0.0
    """Probability that a face is blended with another of its batch, targets included (Zhang et al., 2018)."""

    mixup_alpha: float = Field(default=0.4, gt=0)
    """Of the symmetric beta distribution that the share of the other face is drawn from."""


class TrainingConfig(_Frozen):
    """One way to train one network."""

    network: Network
    augmentation: Augmentation = Augmentation()
    epochs: int = Field(ge=0)
    """0: the network stays what it begins from, as an ensemble of trained members may."""

    side_px: Mapping[int, int] = {0: 48}
    """From which epoch on faces are shrunk to which side. Small faces first spend fewer operations on rough features
    (progressive resizing, Howard 2018)."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the activations and convolutions; weights, statistics and logits are float32 either way. On a CPU with
    bfloat16 instructions the second nearly doubles PyTorch's speed and leaves TensorFlow's as it is."""

    optimizer: Literal["adamw", "muon"] = "adamw"
    """The second takes AdamW's rates and decays, and more time: a tenth on a CPU."""

    batch_size: int = 64
    learning_rate: float = 2e-3
    """The peak, reached after the warm-up; a cosine takes it to zero (Loshchilov and Hutter, 2017)."""

    warmup_epochs: float = 1.0
    hold: float = Field(default=0.0, ge=0, lt=1)
    """Share of the epochs that the peak is held for before the cosine begins."""

    weight_decay: float = 0.02
    average_decay: float = 0.998
    """Of the moving average of the weights, per step. The averaged weights are what is selected and exported."""

    fer2013_weight: float = 0.4
    """Weight of the original labels' loss beside the loss on the FER+ votes."""

    drop_single_votes: bool = False
    """Whether an emotion that only one of the ten annotators saw counts as none: an outlier, after Barsoum et al."""

    rare_repeats: float = Field(default=1.0, ge=1)
    """How many times an epoch may show a face of a rare emotion: the square root of the mean emotion's count over this
    emotion's, between 1 and this."""

    teacher_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the targets that is what the teachers say; the labels are the rest."""

    label_smoothing: float = 0.1
    """Of the original labels only; the FER+ votes are soft already."""

    selection_share: float = Field(default=0.08, gt=0, lt=1)
    """Share of the training file that is held back to choose the epoch, the scaling and the threshold."""

    seed: int = 20130701

    def shortened(self, epochs: int) -> "TrainingConfig":
        """The same in fewer epochs, sizes of faces and all: to compare networks before a long run."""
        sides = {round(first * epochs / max(1, self.epochs)): side for first, side in self.side_px.items()}
        return self.model_copy(update={"epochs": epochs, "side_px": sides})
