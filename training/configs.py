"""The named training configurations. The next model is a new entry in `CONFIGS`."""

from collections.abc import Mapping

from servicekit.errors import InvalidInputError
from training.config import (
    Augmentation,
    EnsembleNetwork,
    MobileNetwork,
    PlainNetwork,
    ResidualNetwork,
    SeparableNetwork,
    TrainingConfig,
    VggNetwork,
)

_RECIPE = TrainingConfig(
    network=ResidualNetwork(),
    augmentation=Augmentation(mixup=0.3),
    precision="bfloat16",
    epochs=28,
    side_px={0: 32, 12: 40, 21: 48},
    hold=0.6,
    weight_decay=0.05,
    average_decay=0.999,
    fer2013_weight=0.5,
    drop_single_votes=True,
    rare_repeats=3.0,
    selection_share=0.04,
)

_SMALL_RESIDUAL = ResidualNetwork(dropout=0.1)
_SMALL_VGG = VggNetwork(widths=(16, 64, 128, 256), dropout=0.2)
_SMALL_MIRRORED = VggNetwork(widths=(16, 64, 144, 320), mirrored=True, dropout=0.2)
_DEEP_MIRRORED = VggNetwork(widths=(16, 64, 144, 256), last_width=256, mirrored=True, dropout=0.2)
_SMALLER_MIRRORED = VggNetwork(widths=(16, 48, 128, 256), mirrored=True, dropout=0.2)

_FIT = _RECIPE.model_copy(
    update={
        "network": _SMALL_RESIDUAL,
        "augmentation": Augmentation(blur=0.08, noise=0.08, erase=0.1),
        "epochs": 14,
        "side_px": {0: 48},
        "hold": 0.2,
        "learning_rate": 1e-3,
        "warmup_epochs": 0.5,
        "weight_decay": 0.005,
        "rare_repeats": 1.5,
    }
)

_DEEPEN = _FIT.model_copy(
    update={
        "network": ResidualNetwork(stages=((48, 2), (96, 4), (192, 3)), zero_init_residual=True, dropout=0.15),
        "augmentation": Augmentation(blur=0.08, noise=0.08, erase=0.15),
        "epochs": 10,
        "side_px": {0: 40},
        "hold": 0.99,
        "learning_rate": 2e-3,
        "weight_decay": 0.01,
        "rare_repeats": 2.0,
    }
)

_DISTIL = _DEEPEN.model_copy(
    update={
        "epochs": 18,
        "side_px": {0: 40, 8: 48},
        "hold": 0.4,
        "learning_rate": 1.5e-3,
        "teacher_share": 0.4,
        "label_smoothing": 0.05,
    }
)

_DISTIL_VGG = _DISTIL.model_copy(
    update={
        "network": _SMALL_VGG,
        "augmentation": Augmentation(blur=0.1, noise=0.1, erase=0.2, mixup=0.2),
        "epochs": 48,
        "side_px": {0: 32, 14: 40, 28: 48},
        "learning_rate": 2e-3,
        "warmup_epochs": 1.0,
        "weight_decay": 0.02,
        "rare_repeats": 2.5,
        "teacher_share": 0.5,
    }
)

_DISTIL_MUON = _DISTIL_VGG.model_copy(
    update={
        "network": _SMALLER_MIRRORED,
        "precision": "float32",
        "optimizer": "muon",
        "epochs": 66,
        "side_px": {0: 32, 24: 40, 42: 48},
        "hold": 0.3,
        "learning_rate": 6e-3,
        "rare_repeats": 2.0,
        "teacher_share": 0.6,
    }
)

_DISTIL_WIDE = _DISTIL_MUON.model_copy(
    update={
        "network": _SMALL_MIRRORED,
        "augmentation": Augmentation(blur=0.1, noise=0.1, erase=0.25, mixup=0.35),
        "epochs": 76,
        "side_px": {0: 32, 28: 40, 49: 48},
        "rare_repeats": 3.0,
        "teacher_share": 0.65,
    }
)

DEFAULT_CONFIG = "residual"

CONFIGS: Mapping[str, TrainingConfig] = {
    "smallest": TrainingConfig(
        network=ResidualNetwork(stem=16, stages=((32, 1), (64, 1), (128, 1)), dropout=0.1),
        epochs=6,
        side_px={0: 32, 4: 48},
        learning_rate=3e-3,
        average_decay=0.99,
    ),
    "plain": _RECIPE.model_copy(update={"network": PlainNetwork()}),
    "vgg": _RECIPE.model_copy(update={"network": VggNetwork()}),
    "mobile": _RECIPE.model_copy(update={"network": MobileNetwork()}),
    "residual": _RECIPE,
    # These go on from the weights that `--init` names. What `residual` leaves reads the faces that it learned from
    # hardly better than others: it can bear to be held back less, and then to be deeper.
    "continue": _RECIPE.model_copy(
        update={
            "augmentation": Augmentation(mixup=0.2),
            "epochs": 12,
            "side_px": {0: 48},
            "hold": 0.4,
            "learning_rate": 1e-3,
            "warmup_epochs": 0.5,
        }
    ),
    "fit": _FIT,
    "deepen": _DEEPEN,
    "distil": _DISTIL,
    # This one begins from chance, and learns faster for being taught.
    "distil-vgg": _DISTIL_VGG,
    "distil-residual": _DISTIL.model_copy(
        update={
            "network": _SMALL_RESIDUAL,
            "epochs": 8,
            "side_px": {0: 48},
            "hold": 0.2,
            "learning_rate": 1.2e-3,
            "teacher_share": 0.5,
        }
    ),
    "distil-mirrored": _DISTIL_VGG.model_copy(
        update={
            "network": _SMALL_MIRRORED,
            "precision": "float32",
            "epochs": 52,
            "side_px": {0: 32, 24: 40, 38: 48},
            "rare_repeats": 2.0,
            "teacher_share": 0.6,
        }
    ),
    "distil-muon": _DISTIL_MUON,
    # Muon brings a network to its training faces sooner: a larger one is held back more.
    "distil-wide": _DISTIL_WIDE,
    # Some faces are shown as a webcam might show them: it reads dim, blurred and compressed faces better than the
    # others do, and clear ones worse.
    "distil-deep": _DISTIL_MUON.model_copy(
        update={
            "network": _DEEP_MIRRORED,
            "augmentation": Augmentation(
                blur=0.12, blur_px=2.2, noise=0.04, low_light=0.1, jpeg=0.06, erase=0.22, mixup=0.3
            ),
            "epochs": 60,
            "side_px": {0: 32, 20: 40, 36: 48},
            "rare_repeats": 2.5,
            "teacher_share": 0.7,
        }
    ),
    # It begins from a network that has learned to tell people apart (`training.pretrained`), for others to learn from.
    "faces": _RECIPE.model_copy(
        update={
            "network": SeparableNetwork(),
            "augmentation": Augmentation(blur=0.1, noise=0.1, erase=0.2, mixup=0.2),
            "epochs": 9,
            "side_px": {0: 40, 6: 48},
            "hold": 0.2,
            "learning_rate": 1e-3,
            "warmup_epochs": 0.3,
            "rare_repeats": 2.0,
        }
    ),
    # What `distil-vgg` leaves, taught by more and better readers than it was itself.
    "refine-vgg": _DISTIL_VGG.model_copy(
        update={
            "augmentation": Augmentation(blur=0.1, noise=0.1, erase=0.25, mixup=0.3),
            "precision": "float32",
            "epochs": 12,
            "side_px": {0: 48},
            "hold": 0.3,
            "learning_rate": 1.2e-3,
            "warmup_epochs": 0.5,
            "rare_repeats": 2.0,
            "teacher_share": 0.6,
        }
    ),
    # What `distil-wide` leaves, told by others of many blends.
    "refine-wide": _DISTIL_WIDE.model_copy(
        update={
            "augmentation": Augmentation(blur=0.1, noise=0.1, erase=0.2, mixup=0.5),
            "epochs": 8,
            "side_px": {0: 48},
            "hold": 0.2,
            "learning_rate": 2e-3,
            "warmup_epochs": 0.2,
            "teacher_share": 0.8,
        }
    ),
    # Trained on together, the members would come to err alike.
    "together": TrainingConfig(
        network=EnsembleNetwork(members=(_SMALL_MIRRORED, _SMALLER_MIRRORED)),
        epochs=0,
        fer2013_weight=_RECIPE.fer2013_weight,
        drop_single_votes=True,
        selection_share=_RECIPE.selection_share,
    ),
}


def choose_config(name: str, epochs: int | None) -> tuple[str, TrainingConfig]:
    """The named configuration, or its shortened form, and the name of its run.

    Raises:
        InvalidInputError: there is none of that name.
    """
    if name not in CONFIGS:
        raise InvalidInputError(f"There is no configuration {name}.", f"Choose one of {', '.join(CONFIGS)}.")
    config = CONFIGS[name]
    return (name, config) if epochs is None else (f"{name}-{epochs}", config.shortened(epochs))
