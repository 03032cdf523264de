"""`make soak`: let people stream and write for long, and see that nothing grows that should not.

Prints, for each process, how fast its memory, file descriptors and threads grow, with 95 % intervals, and how many
Redis keys and database rows there are for each person and each write. Exit status: 0 nothing grows, or there is no
PostgreSQL here; 1 something does.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import psutil
import psycopg
import typer
from redis import Redis
from rich.console import Console
from rich.table import Table
from scipy.stats import linregress

from tests.chaos.crowd import Crowd, crowd
from tests.postgresql import postgresql_programs
from tests.running import PARTS

EVERY_S: Final = 5.0
WARM_UP: Final = 0.25
"""Of the time, until memory pools and caches have their size."""
MAY_GROW: Final = {"rss_mb": 30.0, "fds": 30.0, "threads": 5.0}
"""An hour, at the lower end of the interval."""
KEYS_MAY_GROW: Final = 60.0
"""Of Redis, likewise: those of a person come and go with them, those of tasks after a day."""

TABLES: Final = ("feedback", "review", "mood_correction", "shown", "account", "credential", "revoked_token")
"""Of what people said and were shown, and of who they are."""

console = Console(width=140, highlight=False, stderr=True)


class Sample(NamedTuple):
    """One look at everything."""

    hours: float
    processes: dict[str, dict[str, float]]
    redis_keys: int
    rows: int
    """See `TABLES`."""


class Growth(NamedTuple):
    """How fast something grows, an hour, with its 95 % interval."""

    now: float
    slope: float
    low: float
    high: float


def main(
    minutes: Annotated[float, typer.Option(min=1)] = 60.0,
    streams: Annotated[int, typer.Option(min=1)] = 20,
    writers: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Watch what grows."""
    programs = postgresql_programs()
    if programs is None:
        console.print("skipped: there is no PostgreSQL on this machine; install it, e.g. Debian's package postgresql")
        return
    with crowd(programs, streams, writers, seed=1) as there:
        samples = list(_samples(there, minutes))
        acknowledged, wrong, findings = there.finish()
    growth = _growth([each for each in samples if each.hours * 60 >= WARM_UP * minutes])
    people, last = streams + writers, samples[-1]
    report: dict[str, Any] = {
        "minutes": minutes,
        "streams": streams,
        "writers": writers,
        "growth_per_hour": {part: {name: each._asdict() for name, each in of.items()} for part, of in growth.items()},
        "redis_keys_per_person": round(last.redis_keys / people, 2),
        "rows_per_write": round(last.rows / max(1, acknowledged.total()), 2),
        "acknowledged": dict(acknowledged),
        "wrong": dict(wrong),
        "findings": dict(findings),
    }
    report["growing"] = _growing(growth)
    if as_json:
        typer.echo(json.dumps(report))
    console.print(_table(report, growth))
    sys.exit(1 if report["growing"] or wrong or findings else 0)


def _samples(there: Crowd, minutes: float) -> Iterator[Sample]:
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < 60 * minutes:
        yield _sample(there, passed_s / 3600)
        time.sleep(EVERY_S)


def _sample(there: Crowd, hours: float) -> Sample:
    processes: dict[str, dict[str, float]] = {}
    for part in PARTS:
        first = there.stack.part(part)
        family = [first, *first.children(recursive=True)]
        each = [_of(process) for process in family]
        processes[part] = {name: sum(values[name] for values in each) for name in MAY_GROW}
    with Redis.from_url(there.redis_url) as redis:
        keys: Any = redis.dbsize()
    with psycopg.connect(there.database.plain_url) as connection:
        return Sample(hours, processes, int(keys), _rows(connection))


def _of(process: psutil.Process) -> dict[str, float]:
    with process.oneshot():
        memory = process.memory_info().rss / 2**20
        return {"rss_mb": memory, "fds": process.num_fds(), "threads": process.num_threads()}


def _rows(connection: psycopg.Connection) -> int:
    counts = " + ".join(f"(select count(*) from {table})" for table in TABLES)  # noqa: S608  (ours alone)
    row = connection.execute(f"select {counts}").fetchone()  # pyright: ignore
    return int(row[0]) if row else 0


def _growth(samples: list[Sample]) -> dict[str, dict[str, Growth]]:
    hours = [each.hours for each in samples]
    growth = {
        part: {name: _fitted(hours, [each.processes[part][name] for each in samples]) for name in MAY_GROW}
        for part in PARTS
    }
    growth["redis"]["keys"] = _fitted(hours, [each.redis_keys for each in samples])
    return growth


def _fitted(hours: list[float], values: list[float]) -> Growth:
    fit: Any = linregress(hours, values)
    # Of what never changes there is no error to be known.
    half = 1.96 * fit.stderr if max(values) > min(values) else 0.0
    numbers = (values[-1], fit.slope, fit.slope - half, fit.slope + half)
    return Growth(*(round(float(number), 1) for number in numbers))


def _growing(growth: dict[str, dict[str, Growth]]) -> list[str]:
    return [
        f"{part}: {name} by {each.slope:g} an hour"
        for part, of in growth.items()
        for name, each in of.items()
        if each.low > MAY_GROW.get(name, KEYS_MAY_GROW)
    ]


def _table(report: dict[str, Any], growth: dict[str, dict[str, Growth]]) -> Table:
    title = f"{report['minutes']:g} minutes of {report['streams']} streams and {report['writers']} writers"
    table = Table("part", *(f"{name}, an hour" for name in MAY_GROW), title=title)
    for part, of in growth.items():
        cells = [
            f"{of[name].now:g}, {of[name].slope:+g} ({of[name].low:+g} to {of[name].high:+g})" for name in MAY_GROW
        ]
        table.add_row(part, *cells)
    report["redis_keys"] = growth["redis"]["keys"]._asdict()
    told = ("redis_keys", "redis_keys_per_person", "rows_per_write", "acknowledged", "wrong", "findings", "growing")
    table.caption = "; ".join(f"{name} {report[name]}" for name in told)
    return table


if __name__ == "__main__":
    typer.run(main)
