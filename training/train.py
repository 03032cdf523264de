"""`python -m training.train --config NAME`: train a network, or go on where the last call stopped, and export it."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.calibrate import calibrate
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import CONFIGS, DEFAULT_CONFIG, TrainingConfig
from training.dataset import Splits, load_dataset, split
from training.export import RunRecord, export_model
from training.metrics import score
from training.settings import TrainingSettings
from training.trainer import Trainer, predict_logits, softmax

_console = Console(stderr=True)


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = DEFAULT_CONFIG,
) -> None:
    """Train the emotion model and export it to the run's own folder; `training.promote` makes it the served one."""
    if config not in CONFIGS:
        raise typer.BadParameter(f"there is no configuration {config}; there are {', '.join(CONFIGS)}")
    settings = load_settings(TrainingSettings)
    try:
        exported = train(CONFIGS[config], settings, settings.runs_dir / config)
    except EmoVerseError as error:
        _console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        _console.print("Stopped. The same command goes on from the last completed epoch.")
        raise typer.Exit(130) from None
    _console.print(f"Exported to {exported}. To serve it: python -m training.promote {config}")


def train(config: TrainingConfig, settings: TrainingSettings, run_dir: Path) -> Path:
    """Train to the last epoch and export the best.

    Args:
        config: what to train.
        settings: where the dataset is.
        run_dir: holds checkpoint.npz, log.jsonl and, at the end, emotion/1; made if absent.

    Returns:
        the version folder that was written.

    Raises:
        DatasetError: a dataset file is absent or wrong.
        CheckpointError: the run's checkpoint is truncated, or of another configuration.
    """
    splits = _splits(config, settings)
    run_dir.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, splits.train, splits.selection)
    checkpoint = load_checkpoint(run_dir / "checkpoint.npz", config.model_dump_json())
    if checkpoint is not None:
        trainer.restore(checkpoint)
    _run_epochs(trainer, run_dir)
    return _export_best(trainer, splits, run_dir)


def _splits(config: TrainingConfig, settings: TrainingSettings) -> Splits:
    return split(
        load_dataset(settings.fer2013_dir / "train.npz"),
        load_dataset(settings.fer2013_dir / "validation.npz"),
        config.selection_share,
        config.seed,
    )


def _run_epochs(trainer: Trainer, run_dir: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    epochs = trainer.config.epochs
    with Progress(*columns, console=_console) as progress:
        bar = progress.add_task("", total=trainer.steps_per_epoch * epochs)
        progress.update(bar, completed=trainer.steps_per_epoch * trainer.epoch)
        while trainer.epoch < epochs:
            progress.update(bar, description=f"epoch {trainer.epoch + 1}/{epochs}")
            started = time.monotonic()
            result = trainer.run_epoch(lambda: progress.advance(bar))
            _log(run_dir / "log.jsonl", {"epoch": trainer.epoch, **result, "seconds": time.monotonic() - started})
            save_checkpoint(run_dir / "checkpoint.npz", trainer.checkpoint())
            progress.print(
                f"epoch {trainer.epoch}: loss {result['loss']:.3f}, selection FER+ {result['ferplus_accuracy']:.4f} "
                f"(macro-F1 {result['ferplus_macro_f1']:.3f}), FER-2013 {result['fer2013_accuracy']:.4f}"
            )


def _log(path: Path, entry: dict[str, float]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def _export_best(trainer: Trainer, splits: Splits, run_dir: Path) -> Path:
    network = trainer.best_network()
    ferplus, fer2013 = predict_logits(network, splits.selection)
    calibration = calibrate(ferplus, fer2013, splits.selection)
    known = splits.selection.ferplus_label >= 0
    calibrated = softmax(ferplus[known] / calibration.ferplus_temperature)
    record = RunRecord(
        config=trainer.config,
        epochs_trained=trainer.epoch,
        parameters=network.count_params(),
        train_faces=len(splits.train),
        selection_faces=len(splits.selection),
        duplicates_of_validation=splits.duplicates_of_validation,
        duplicates_of_selection=splits.duplicates_of_selection,
        calibration=calibration,
        selection_ferplus=score(calibrated, splits.selection.ferplus_label[known]),
        selection_fer2013=score(softmax(fer2013 / calibration.fer2013_temperature), splits.selection.fer2013_label),
    )
    version_dir = run_dir / "emotion" / "1"
    export_model(network, calibration, record, version_dir)
    return version_dir


if __name__ == "__main__":
    typer.run(main)
