"""`python -m training.promote NAME`: make a finished run's export the newest served version."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.errors import ModelError
from training.litert import write_litert
from training.served import ServedModel
from training.settings import TrainingSettings

_console = Console(stderr=True)


def main(
    config: Annotated[str, typer.Argument(help="The configuration that was trained.")],
    version: Annotated[int | None, typer.Option(min=1, help="Replace or add this version; else the next.")] = None,
) -> None:
    """Copy the export of a finished run among the served versions."""
    settings = load_settings(TrainingSettings)
    try:
        promoted = promote(settings.runs_dir / config / "emotion" / "1", settings.models_dir, version)
    except EmoVerseError as error:
        _console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    _console.print(f"{promoted} is in place. To remake the model card: make evaluate")


def promote(exported: Path, models_dir: Path, version: int | None = None) -> Path:
    """Check an export and copy it to `models_dir` with its LiteRT form; its number appears only when it is whole.

    Args:
        version: to replace or add; by default one more than the newest.

    Returns:
        the version folder that was written.

    Raises:
        ModelError: there is no export, or it does not have the interface of `contracts.model`.
    """
    if not exported.is_dir():
        raise ModelError(f"There is no {exported}.", "Finish the run first: python -m training.train --config NAME.")
    ServedModel(exported)
    numbers = [int(path.name) for path in models_dir.glob("*") if path.name.isdecimal()]
    target = models_dir / str(version or max(numbers, default=0) + 1)
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(exported, unfinished)
    write_litert(unfinished)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return target


if __name__ == "__main__":
    typer.run(main)
