"""`python -m training.export --config NAME`: write a run's best epoch as a SavedModel, finished or not.

The one part of training that needs TensorFlow as the backend.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import keras
import tensorflow as tf
import typer
from rich.console import Console

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
from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.calibrate import Calibration, Scaling, calibrate
from training.checkpoint import Checkpoint, load_checkpoint, require_same_faces
from training.checksum import write_checksums
from training.config import TrainingConfig
from training.configs import CONFIGS, DEFAULT_CONFIG, choose_config
from training.dataset import Splits, digest, load_splits
from training.errors import CheckpointError
from training.metrics import score
from training.networks import build_network
from training.record import RUN_FILE, RunRecord
from training.runs import add_run, summarise
from training.settings import TrainingSettings
from training.trainer import predict_logits
from training.warmup import write_warmup

_console = Console(stderr=True)


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = DEFAULT_CONFIG,
    epochs: Annotated[int | None, typer.Option(min=1, help="As given to training.train.")] = None,
) -> None:
    """Export the best epoch of a run so far to the run's own folder; `training.promote` makes it the served one."""
    settings = load_settings(TrainingSettings)
    try:
        name, chosen = choose_config(config, epochs)
        exported = export_run(name, chosen, settings, settings.runs_dir / name)
    except EmoVerseError as error:
        _console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _console.print(f"Exported to {exported}. To serve it: python -m training.promote {name}")


def export_run(name: str, config: TrainingConfig, settings: TrainingSettings, run_dir: Path) -> Path:
    """Calibrate the best epoch of a run on its selection part, and export it; if it is finished, log it.

    Returns:
        the version folder that was written.

    Raises:
        DatasetError: a dataset file is absent or wrong.
        RunLogError: the log of runs is not one.
        CheckpointError: the run has no checkpoint, or a truncated one, or one of another configuration or other faces.
    """
    checkpoint = load_checkpoint(run_dir / "checkpoint.npz", config)
    if checkpoint is None:
        raise CheckpointError(f"{run_dir} holds no checkpoint.", "Train first: python -m training.train.")
    splits = load_splits(settings.fer2013_dir, config.selection_share, config.seed)
    require_same_faces(checkpoint, digest(splits.train, splits.selection))
    network = build_network(config.network)
    for weight, value in zip(network.weights, checkpoint.best, strict=True):
        weight.assign(value)
    version_dir = run_dir / "emotion" / "1"
    calibration, record = _describe(network, checkpoint, config, splits)
    export_model(network, calibration, record, version_dir)
    if checkpoint.epoch == config.epochs:
        add_run(settings.runs_log, summarise(name, record, run_dir))
    return version_dir


def _describe(
    network: keras.Model, checkpoint: Checkpoint, config: TrainingConfig, splits: Splits
) -> tuple[Calibration, RunRecord]:
    selection = splits.selection
    ferplus, fer2013 = predict_logits(network, selection)
    calibration = calibrate(ferplus, fer2013, selection)
    known = selection.ferplus_label >= 0
    # An older run looked for no other crops, and what began from one has learned from them through it.
    parted = bool(checkpoint.faces) and not checkpoint.overlaps
    record = RunRecord(
        config=config,
        init=checkpoint.init or None,
        teachers=checkpoint.teachers or None,
        epochs_trained=checkpoint.epoch,
        parameters=network.count_params(),
        train_faces=len(splits.train) + (0 if parted else splits.other_crops),
        selection_faces=len(selection),
        duplicates_of_validation=splits.duplicates_of_validation,
        duplicates_of_selection=splits.duplicates_of_selection,
        faces=checkpoint.faces or None,
        other_crops=splits.other_crops if parted else None,
        calibration=calibration,
        selection_ferplus=score(calibration.ferplus.probabilities(ferplus[known]), selection.ferplus_label[known]),
        selection_fer2013=score(calibration.fer2013.probabilities(fer2013), selection.fer2013_label),
    )
    return calibration, record


def export_model(network: keras.Model, calibration: Calibration, record: RunRecord, version_dir: Path) -> None:
    """Write the SavedModel, its run record, warm-up requests and checksums, replacing what was there.

    Preprocessing, scaling, label names and the threshold become part of the signature. The optimiser is left out.
    Kernels are rounded to float16, which halves the file, and computed with as float32.
    The version appears under its name only when it is whole, as a server may be watching the folder.

    Args:
        network: gives two sets of logits, as `training.networks.build_network`.
        version_dir: its name is the version number.
    """
    unfinished = version_dir.with_name(f"{version_dir.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    # Keras's own export archive writes every weight twice, and everything that training attached to the network.
    served: Any = tf.Module()
    served.weights = [_stored(weight) for weight in network.weights]
    signature = tf.function(_signature(network, served.weights, calibration), input_signature=[_input_spec()])
    tf.saved_model.save(served, str(unfinished), signatures={SIGNATURE_NAME: signature})
    (unfinished / RUN_FILE).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_warmup(unfinished)
    write_checksums(unfinished)
    shutil.rmtree(version_dir, ignore_errors=True)
    unfinished.rename(version_dir)


def _input_spec() -> Any:
    return tf.TensorSpec((None, FACE_SIZE_PX, FACE_SIZE_PX, 1), tf.uint8, name=INPUT_NAME)


def _stored(weight: Any) -> Any:
    # The variances of channels may be larger than float16 can tell; they and their like are few.
    return tf.Variable(tf.cast(weight.value, tf.float16) if len(weight.shape) > 1 else weight.value)


def _signature(network: keras.Model, stored: Sequence[Any], calibration: Calibration) -> Any:
    names: Any = tf.constant([[emotion.value for emotion in EMOTIONS]])

    def serve(images: Any) -> dict[str, Any]:
        weights = [(weight, tf.cast(each, tf.float32)) for weight, each in zip(network.weights, stored, strict=True)]
        with keras.StatelessScope(state_mapping=weights):
            ferplus, fer2013 = network(tf.cast(images, tf.float32), training=False)
        faces = tf.shape(images)[0]
        return {
            PROBABILITIES: _scale(ferplus, calibration.ferplus),
            FER2013_PROBABILITIES: _scale(fer2013, calibration.fer2013),
            LABELS: tf.tile(names, tf.stack([faces, 1])),
            UNCERTAIN_BELOW: tf.fill([faces], tf.constant(calibration.uncertain_below, tf.float32)),
        }

    return serve


def _scale(logits: Any, scaling: Scaling) -> Any:
    return tf.nn.softmax(logits / scaling.temperature + tf.constant(scaling.bias))


if __name__ == "__main__":
    typer.run(main)
