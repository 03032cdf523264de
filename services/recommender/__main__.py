"""The recommender's processes: `python -m services.recommender [worker | beat | migrate]`; without a word it serves."""

import sys
from functools import partial
from typing import Annotated

import structlog
import typer

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from servicekit.errors import EmoVerseError
from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from services.recommender.settings import RecommenderSettings

cli = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Ranks the catalogue for a person and a mood."
)


def _settings(process: str) -> RecommenderSettings:
    settings = load_settings(RecommenderSettings)
    configure_logging(process, settings.log_level, settings.log_format)
    return settings


@cli.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve recommendations over gRPC and answer moods, unless a command is given."""
    if context.invoked_subcommand is None:
        from services.recommender.app import open_service  # noqa: PLC0415  (each process loads only its own part)

        run_service(partial(open_service, _settings("recommender")))


@cli.command()
def worker(
    queue: Annotated[list[str] | None, typer.Option(help="Take tasks from this queue only; repeatable.")] = None,
) -> None:
    """Score reviews and recompute the song clusters."""
    from services.recommender.worker import run_worker  # noqa: PLC0415

    run_worker(_settings("worker"), queue or [LIGHT_QUEUE, HEAVY_QUEUE])


@cli.command()
def beat() -> None:
    """Send the workers their periodic tasks; any number may run, one ticks."""
    from services.recommender.beat import run_beat  # noqa: PLC0415

    run_beat(_settings("beat"))


@cli.command()
def migrate() -> None:
    """Bring the database's schema and the starter catalogue up to date, then end."""
    from services.recommender.migration import prepare_database  # noqa: PLC0415

    settings = _settings("migrate")
    try:
        prepare_database(settings.database_url)
    except EmoVerseError as error:
        structlog.get_logger(__name__).error(error.message, advice=error.advice, code=error.code)
        sys.exit(1)


if __name__ == "__main__":
    cli()
