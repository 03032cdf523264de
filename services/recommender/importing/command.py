"""The import as a command: progress on standard error, the summary on standard output."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from servicekit.database import Database, open_engine
from services.recommender.broker import open_celery
from services.recommender.importing import importer
from services.recommender.importing.follow_up import request_follow_up
from services.recommender.settings import RecommenderSettings


def run_import(settings: RecommenderSettings, request: importer.Request, *, as_json: bool) -> None:
    """Import a file, say what has been done, and let the workers do what follows from it.

    Raises:
        EmoVerseError: see `importer.import_file`.
    """
    engine = open_engine(settings.database_url)
    try:
        with _progress(request.path.name) as on_progress:
            summary = importer.import_file(Database(engine), request, on_progress)
    finally:
        engine.dispose()
    sys.stdout.write(json.dumps(asdict(summary)) + "\n" if as_json else _sentence(summary))
    request_follow_up(open_celery(settings), request.kind, summary)


@contextmanager
def _progress(name: str) -> Generator[importer.Progress]:
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress("{task.description}", *columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=None)

        def show(position_bytes: int, size_bytes: int) -> None:
            progress.update(task, completed=position_bytes, total=size_bytes)

        yield show


def _sentence(summary: importer.Summary) -> str:
    counts = (
        f"{summary.format}: {summary.read} rows read, {summary.added} added, {summary.updated} updated, "
        f"{summary.merged} merged, {summary.skipped} skipped, {summary.rejected} rejected"
    )
    lines = [counts]
    if summary.recoded:
        lines.append(f"{summary.recoded} lines were not UTF-8 and were read as Windows-1252")
    if summary.rejects:
        lines.append(f"The rejected rows and the reasons are in {summary.rejects}")
    return "\n".join([*lines, ""])
