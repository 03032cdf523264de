"""Prints the catalogue, every item with its mood and what each number of it rests on, and the workers' tasks."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from sqlalchemy import Connection

from contracts.emotion import Affect
from contracts.recommendation import Kind
from contracts.tasks import TaskState
from servicekit.database import Database, open_engine
from services.recommender import catalogue_store
from services.recommender.core.affect import EMOTIONS_SOURCE, affect_words, emotion_affinities
from services.recommender.core.catalogue import weighted_rating
from services.recommender.database import require_migrated
from services.recommender.task_journal import TaskJournal, TaskReport

_FIELDS: Final = ("id", "kind", "title", "creators", "year", "genres", "tags", "rating", "votes", "good_for", "audio")
_PLACES: Final = 4


def print_items(database_url: str, kinds: list[Kind], output: TextIO, *, as_json: bool) -> None:
    """Write each item of the kinds in the order of the ids: a JSON array, or a line each.

    Raises:
        NotMigratedError, DatabaseUnavailableError: the database cannot serve it.
    """
    with _reading(database_url) as connection:
        items = (item for kind in kinds for item in _items(connection, kind))
        _write_json(items, output) if as_json else _write_lines(items, output)


def print_summary(database_url: str, kinds: list[Kind], output: TextIO, *, as_json: bool) -> None:
    """Write for each kind and dataset how many items there are and how many have a mood; raises the same."""
    with _reading(database_url) as connection:
        counts = [count._asdict() for count in catalogue_store.mood_counts(connection) if count.kind in kinds]
    if as_json:
        output.write(json.dumps(counts) + "\n")
    else:
        output.writelines(
            "{kind} from {source}: {items} items, {with_mood} with a mood\n".format(**each) for each in counts
        )


@contextmanager
def _reading(database_url: str) -> Generator[Connection]:
    engine = open_engine(database_url)
    try:
        with Database(engine).reading() as connection:
            require_migrated(connection)
            yield connection
    finally:
        engine.dispose()


def _items(connection: Connection, kind: Kind) -> Iterator[dict[str, Any]]:
    mean = catalogue_store.mean_rating(connection, kind)
    for row, external_ids in catalogue_store.stored_items(connection, kind):
        rating, affect = row["rating"], Affect(row["valence"], row["arousal"])
        yield {
            **{name: row[name] for name in _FIELDS},
            "weighted_rating": None if rating is None else round(weighted_rating(rating, row["votes"], mean), 2),
            "external_ids": external_ids,
            "source": row["source"],
            "mood": {
                "valence": round(affect.valence, _PLACES),
                "arousal": round(affect.arousal, _PLACES),
                "emotions": {name: round(value, _PLACES) for name, value in emotion_affinities(affect).items()},
                "words": affect_words(affect),
                "valence_source": row["valence_source"],
                "arousal_source": row["arousal_source"],
                "emotions_source": EMOTIONS_SOURCE,
                "review_tone": row["review_tone"],
                "reviews": row["review_count"],
            },
        }


def _write_json(items: Iterator[dict[str, Any]], output: TextIO) -> None:
    separator = "[\n"
    for item in items:
        output.write(separator + json.dumps(item, ensure_ascii=False))
        separator = ",\n"
    output.write("[]\n" if separator.startswith("[") else "\n]\n")


def _write_lines(items: Iterator[dict[str, Any]], output: TextIO) -> None:
    for item in items:
        mood, by = item["mood"], f" by {', '.join(item['creators'])}" if item["creators"] else ""
        place = f"valence {mood['valence']:+.2f}, arousal {mood['arousal']:+.2f}"
        output.write(f"{item['kind']}: {item['title']}{by}: {place} ({mood['words']}; {mood['valence_source']})\n")


def print_tasks(redis_url: str, state: TaskState | None, output: TextIO, *, as_json: bool) -> None:
    """Write what became of the workers' tasks: a JSON array, or a line each.

    Raises:
        UnavailableError: Redis does not answer.
    """
    journal = TaskJournal(redis_url)
    try:
        reports = journal.latest(state=state)
    finally:
        journal.close()
    if as_json:
        output.write(json.dumps([report.model_dump(mode="json") for report in reports]) + "\n")
    else:
        output.writelines(map(_task_line, reports))


def _task_line(task: TaskReport) -> str:
    at = (task.ended_at or task.started_at or task.queued_at).isoformat(timespec="seconds")
    progress = f" {task.done} of {task.total}" if task.total else ""
    begun = f", begun {task.starts} times" if task.starts > 1 else ""
    rest = f": {task.error or task.result}" if task.error or task.result else ""
    return f"{at} {task.state}{progress} {task.name} {task.arguments} ({task.id}{begun}){rest}\n"
