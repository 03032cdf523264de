"""`python -m training.train --config NAME`: train a network, or go on where the last call stopped, and export it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from servicekit.errors import EmoVerseError, InvalidInputError
from servicekit.settings import load_settings
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import EnsembleNetwork, TrainingConfig
from training.configs import CONFIGS, DEFAULT_CONFIG, choose_config
from training.dataset import load_splits
from training.initial import describe, load_initial, may_overlap
from training.settings import TrainingSettings
from training.teacher import Teachers
from training.trainer import Trainer

_console = Console(stderr=True)


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = DEFAULT_CONFIG,
    epochs: Annotated[int | None, typer.Option(min=1, help="The same in fewer epochs, as a run of its own.")] = None,
    init: Annotated[list[Path] | None, typer.Option(help="Weights to begin from; repeatedly for an ensemble.")] = None,
    teacher: Annotated[list[Path] | None, typer.Option(help="Whom to learn from; can be given repeatedly.")] = None,
) -> None:
    """Train the emotion model and export it to the run's own folder; `training.promote` makes it the served one."""
    settings = load_settings(TrainingSettings)
    try:
        name, chosen = choose_config(config, epochs)
        train(chosen, settings, settings.runs_dir / name, init or [], teacher or [])
    except EmoVerseError as error:
        _console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        _console.print("Stopped. The same command goes on from the last completed epoch.")
        raise typer.Exit(130) from None
    # A process of its own, because Keras has one backend in a process, and only TensorFlow can write a SavedModel.
    export = [sys.executable, "-m", "training.export", "--config", config]
    export += ["--epochs", str(epochs)] if epochs else []
    raise typer.Exit(subprocess.run(export, check=False, env=os.environ | {"KERAS_BACKEND": "tensorflow"}).returncode)


def train(
    config: TrainingConfig,
    settings: TrainingSettings,
    run_dir: Path,
    init: Sequence[Path] = (),
    teachers: Sequence[Path] = (),
) -> None:
    """Train to the last epoch.

    Args:
        config: what to train.
        settings: where the dataset is.
        run_dir: holds checkpoint.npz and log.jsonl; made if absent.
        init: weights to begin from, of kinds that `training.initial` reads; a run that has begun ignores them.
        teachers: to learn from, of a kind that `training.teacher` reads.

    Raises:
        InvalidInputError: the configuration gives teachers a share and there are none, or the other way round; or it
            has no epochs, and there is no `init`.
        DatasetError: a dataset file is absent or wrong.
        CheckpointError: the run's checkpoint is truncated, or of another configuration, other faces or other teachers.
        ModelError: `init` cannot be read, none of its weights fits, or it leaves a part of an ensemble, or of a run of
            no epochs, to chance.
    """
    if bool(teachers) != bool(config.teacher_share):
        raise InvalidInputError(
            f"The share of the teachers is {config.teacher_share}, and their number {len(teachers)}.",
            "Give --teacher with a configuration that has a teacher_share, and with no other.",
        )
    splits = load_splits(settings.fer2013_dir, config.selection_share, config.seed)
    run_dir.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, splits.train, splits.selection, Teachers(teachers) if teachers else None)
    checkpoint = load_checkpoint(run_dir / "checkpoint.npz", config)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    else:
        _begin(trainer, init)
        save_checkpoint(run_dir / "checkpoint.npz", trainer.checkpoint())
    _run_epochs(trainer, run_dir)


def _begin(trainer: Trainer, init: Sequence[Path]) -> None:
    if not (init or trainer.config.epochs):
        raise InvalidInputError("A run of no epochs learns nothing.", "Give --init what it is to begin from.")
    if init:
        # What is left to chance can learn, but not beside members that are trained.
        whole = not trainer.config.epochs or isinstance(trainer.config.network, EnsembleNetwork)
        trainer.begin_from(
            load_initial(init, trainer.network, whole=whole),
            ", ".join(map(describe, init)),
            overlaps=any(may_overlap(path, trainer.faces) for path in init),
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


if __name__ == "__main__":
    typer.run(main)
