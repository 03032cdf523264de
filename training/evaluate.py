"""`python -m training.evaluate FILE.npz`: measure the served model on a dataset file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.card import write_card
from training.checksum import verify_checksums
from training.dataset import load_dataset
from training.report import Report, evaluate
from training.runs import read_runs
from training.served import ServedModel, newest_version
from training.settings import TrainingSettings
from training.speed import speeds_of

_console = Console()
_errors = Console(stderr=True)


def main(
    file: Annotated[Path, typer.Argument(help="A dataset file, in the format of training.dataset.")],
    model: Annotated[Path | None, typer.Option(help="A folder of versions (the newest is taken), or one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
    card: Annotated[Path | None, typer.Option(help="Write the model card and its pictures to this folder.")] = None,
) -> None:
    """Run a dataset file through the serving signature of the emotion model and report how good it is."""
    settings = load_settings(TrainingSettings)
    try:
        dataset = load_dataset(file)
        version_dir = newest_version(model or settings.models_dir)
        verify_checksums(version_dir)
        served = ServedModel(version_dir)
        report = evaluate(served, dataset, file)
        if card is not None:
            write_card(card, report, version_dir, speeds_of(version_dir), read_runs(settings.runs_log))
    except EmoVerseError as error:
        _errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        _console.print(_table(report))


def _table(report: Report) -> Table:
    table = Table(title=f"{report.model} on {report.file}")
    for column in ("labels", "faces", "accuracy", "macro-F1", "ECE"):
        table.add_column(column, justify="left" if column == "labels" else "right")
    for name, head in report.heads.items():
        table.add_row(name, str(head.n), f"{head.accuracy:.4f}", f"{head.macro_f1:.4f}", f"{head.ece:.4f}")
    return table


if __name__ == "__main__":
    typer.run(main)
