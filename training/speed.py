"""`python -m training.speed`: the time that a served version and its LiteRT form take for a face, on one core."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import tensorflow as tf
import typer
from pydantic import BaseModel
from rich.console import Console

from contracts.model import FACE_SIZE_PX, LITERT_FILE
from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.dataset import Images
from training.errors import ModelError
from training.litert import LiteModel
from training.served import ServedModel, newest_version
from training.settings import TrainingSettings

_WARMUP_CALLS = 5
_TIMEOUT_S = 300
_console = Console(stderr=True)


class Speed(BaseModel):
    """Milliseconds a face; the time of the process, so that other work on the machine counts little."""

    model: str
    batch: int
    calls: int
    median_ms: float
    fastest_ms: float


def main(
    model: Annotated[Path | None, typer.Option(help="A folder of versions (the newest is taken), or one.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Faces in a call.")] = 16,
    calls: Annotated[int, typer.Option(min=1, help="Timed calls of each model, in turn.")] = 60,
) -> None:
    """Print one JSON object a line: the SavedModel's time, and its LiteRT form's if there is one."""
    use_one_core()
    try:
        version_dir = newest_version(model or load_settings(TrainingSettings).models_dir)
        for speed in measure(version_dir, batch, calls):
            typer.echo(speed.model_dump_json())
    except EmoVerseError as error:
        _console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


def speeds_of(version_dir: Path) -> list[Speed]:
    """`measure` in a process of its own, because TensorFlow cannot give up threads that it has started.

    Raises:
        ModelError: the version cannot be measured.
    """
    command = [sys.executable, "-m", "training.speed", "--model", str(version_dir)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if ran.returncode:
        raise ModelError(f"{version_dir} cannot be timed: {ran.stderr.strip()}", "Run python -m training.speed.")
    return [Speed.model_validate_json(line) for line in ran.stdout.splitlines()]


def use_one_core() -> None:
    """Keep this process on one core, before TensorFlow starts its threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def measure(version_dir: Path, batch: int, calls: int) -> list[Speed]:
    """Time the models of a version in turn, so that what disturbs one disturbs all.

    Raises:
        ModelError: the version, or its LiteRT form, cannot be loaded.
    """
    faces = np.random.default_rng(0).integers(0, 256, (batch, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
    readers: dict[str, Callable[[Images], object]] = {"SavedModel": ServedModel(version_dir).read}
    if (version_dir / LITERT_FILE).is_file():
        readers["LiteRT"] = LiteModel(version_dir).read
    for read in readers.values():
        _time(read, faces, _WARMUP_CALLS)
    rounds = [{name: _time(read, faces, 1) for name, read in readers.items()} for _ in range(calls)]
    return [_summarise(name, batch, [each[name] for each in rounds]) for name in readers]


def _time(read: Callable[[Images], object], faces: Images, calls: int) -> float:
    before = time.process_time()
    for _ in range(calls):
        read(faces)
    return (time.process_time() - before) / calls


def _summarise(name: str, batch: int, seconds: list[float]) -> Speed:
    ms = 1000 * np.array(seconds) / batch
    return Speed(
        model=name, batch=batch, calls=len(seconds), median_ms=float(np.median(ms)), fastest_ms=float(ms.min())
    )


if __name__ == "__main__":
    typer.run(main)
