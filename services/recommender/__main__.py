"""The recommender's processes and commands: `python -m services.recommender [COMMAND]`; no command serves. `evaluate`
and `learn-prior` measure and teach it from published ratings, and `simulate` lives with people whose tastes are known.
"""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from contracts.recommendation import Kind
from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE, TaskState
from servicekit.errors import EmoVerseError
from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from services.recommender.errors import UnknownChoiceError
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


def _kind(name: str) -> Kind:
    from services.recommender.importing.importer import kind_named  # noqa: PLC0415

    try:
        return kind_named(name)
    except UnknownChoiceError as error:
        raise typer.BadParameter(str(error)) from error


@cli.command("import")
def import_catalogue(
    kind: Annotated[Kind, typer.Argument(parser=_kind, metavar="KIND", help=f"One of: {', '.join(Kind)}.")],
    file: Annotated[Path, typer.Argument(help="Plain or gzip-compressed.")],
    *,
    format_name: Annotated[
        str | None, typer.Option("--format", help="Of the file, where its header does not tell it.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the file; by default UTF-8, and Windows-1252 for lines that are not.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Write the rows that cannot be imported here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Add a published catalogue, or bring what is known of it up to date. Importing a file again is harmless."""
    from services.recommender.importing.command import run_import  # noqa: PLC0415
    from services.recommender.importing.importer import Request, rejects_file  # noqa: PLC0415

    settings = _settings("import")
    request = Request(kind, file, rejects or rejects_file(settings.rejects_folder, file), format_name, encoding)
    with _told():
        run_import(settings, request, as_json=as_json)


@cli.command()
def items(
    kind: Annotated[
        Kind | None, typer.Option(parser=_kind, metavar="KIND", help="Only these; by default every kind.")
    ] = None,
    *,
    summary: Annotated[bool, typer.Option("--summary", help="Count them instead, and those that have a mood.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the catalogue: each item with its makers, its mood and what the numbers rest on."""
    from services.recommender.listing import print_items, print_summary  # noqa: PLC0415

    settings = _settings("items")
    tell = print_summary if summary else print_items
    with _told():
        tell(settings.database_url, [kind] if kind else list(Kind), sys.stdout, as_json=as_json)


@cli.command()
def tasks(
    state: Annotated[TaskState | None, typer.Option(help="Only these; by default every task.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what became of the workers' tasks, the one sent last first."""
    from services.recommender.listing import print_tasks  # noqa: PLC0415

    settings = _settings("tasks")
    with _told():
        print_tasks(settings.redis_url, state, sys.stdout, as_json=as_json)


@cli.command()
def migrate() -> None:
    """Bring the database's schema and the starter catalogue up to date, then end."""
    from services.recommender.migration import prepare_database  # noqa: PLC0415

    settings = _settings("migrate")
    with _told():
        prepare_database(settings.database_url)


@contextmanager
def _told() -> Generator[None]:
    """End with status 1 and one line where something fails that somebody can act on."""
    try:
        yield
    except EmoVerseError as error:
        typer.echo(f"{error.message} {error.advice}", err=True)
        raise typer.Exit(1) from error


Ratings = Annotated[Path, typer.Option(help="Ratings as MovieLens publishes them: userId, movieId, rating, timestamp.")]
Movies = Annotated[Path, typer.Option(help="Their films: movieId, title, genres.")]
Links = Annotated[Path, typer.Option(help="The films' IMDb numbers: movieId, imdbId.")]
Imdb = Annotated[Path | None, typer.Option(help="The IMDB 5000 file; then only its films count, with its votes.")]


@cli.command()
def evaluate(
    ratings: Ratings,
    movies: Movies,
    links: Links,
    imdb: Imdb = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how well what people rate later is ranked after their first 0, 5 and 20 ratings."""
    from services.recommender.evaluation.commands import report_of, table  # noqa: PLC0415
    from services.recommender.evaluation.movielens import read_rated_films  # noqa: PLC0415

    with _told():
        report = report_of(read_rated_films(ratings, movies, links, imdb))
        data = report.pop("data")
        typer.echo(json.dumps({"data": data, **report}) if as_json else table(report))


@cli.command()
def evaluate_reviews(
    reviews: Annotated[Path, typer.Argument(help="A CSV with imdb_id, rating (1 to 10) and text; gzip will do.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how well the sentiment of reviews agrees with the stars that their writers gave."""
    from services.recommender.evaluation import reviews as starred  # noqa: PLC0415

    with _told():
        report = starred.agreement(starred.read_reviews(reviews))
        typer.echo(json.dumps(report) if as_json else starred.table(report))


@cli.command()
def learn_prior(
    ratings: Ratings,
    movies: Movies,
    links: Links,
    imdb: Imdb = None,
    output: Annotated[Path, typer.Option(help="Where to write it.")] = Path("services/recommender/priors/movie.json"),
) -> None:
    """Learn from people's ratings what everybody likes in films, and how people differ; the service reads it."""
    from services.recommender.evaluation.commands import learn  # noqa: PLC0415
    from services.recommender.evaluation.movielens import read_rated_films  # noqa: PLC0415

    with _told():
        detailed = read_rated_films(ratings, movies, links, imdb) if imdb else None
        learn(read_rated_films(ratings, movies, links), detailed, output)


@cli.command()
def simulate(
    *,
    people: Annotated[int, typer.Option(min=1, max=1000, help="Simulated people.")] = 30,
    interactions: Annotated[int, typer.Option(min=1, max=200, help="Items that each of them meets.")] = 40,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    picture: Annotated[Path | None, typer.Option(help="Draw the curves here, as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the curves as JSON.")] = False,
) -> None:
    """Let people with known tastes live with our ranker and with simpler ones; tell what pleased them."""
    from services.recommender.simulation.command import run_simulation  # noqa: PLC0415

    _settings("simulate")
    with _told():
        typer.echo(run_simulation(people, interactions, seed, picture, as_json=as_json))


@cli.command()
def mood_fit(
    as_json: Annotated[bool, typer.Option("--json", help="Print every list and journey as JSON.")] = False,
) -> None:
    """Measure how well lists and journeys fit each mood and goal, for somebody unknown, on the starter catalogue."""
    from services.recommender.simulation.command import run_mood_fit  # noqa: PLC0415

    _settings("mood-fit")
    with _told():
        typer.echo(run_mood_fit(as_json=as_json))


if __name__ == "__main__":
    cli()
