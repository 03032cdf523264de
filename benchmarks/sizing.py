"""What so many streams need: `python -m benchmarks.sizing stream.json backbone.json backbone-postgresql.json`.

Nothing is measured here: the cost of a frame comes from `benchmarks.stream --json`, that of an event and of a write
from `benchmarks.backbone --json`, and what people do from the options. Prints Markdown.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Final

import typer

STREAMS: Final = (1_000, 100_000, 10_000_000)
SERVICES: Final = {"emotion": "emotion", "model": "model-server", "recommender": "recommender", "gateway": "gateway"}


Report = Mapping[str, Any]


@dataclass(frozen=True)
class People:
    """What one of them does."""

    fps: float
    changes_per_s: float
    """Of mood; each brings picks."""
    heartbeats_per_s: float
    feedback_per_s: float


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes:
        cores_per_stream: by service.
        delivery_s: processor time of Redis for one event to one subscriber, by kind of event.
        direct_s: the same for an event on a channel that one subscriber hears.
        writes_per_s: feedback that one database commits.
    """

    cores_per_stream: Mapping[str, float]
    delivery_s: Mapping[str, float]
    direct_s: Mapping[str, float]
    writes_per_s: float


@dataclass(frozen=True)
class Need:
    """What a number of streams needs.

    Attributes:
        cores: by service, at the given utilisation.
        shared_redis: threads of Redis, where every gateway and recommender hears every event.
        direct_redis: the same where an event reaches only who wants it.
        databases: as fast as the measured one.
    """

    streams: int
    cores: dict[str, int]
    shared_redis: float
    direct_redis: float
    databases: int


def read_costs(
    stream: Mapping[str, Any], backbone: Mapping[str, Any], database: Mapping[str, Any], fps: float
) -> Costs:
    """The costs in the reports of the two benchmarks."""
    runs = backbone["redis"]
    most = max(run["subscribers"] for run in runs)

    def cost(event: str, channels: int) -> float:
        (run,) = (r for r in runs if (r["event"], r["subscribers"], r["channels"]) == (event, most, channels))
        return run["cpu_us_per_event"] / run["deliveries_per_event"] / 1e6

    return Costs(
        {name: fps * stream["cpu_ms_per_frame"][process] / 1000 for name, process in SERVICES.items()},
        {event: cost(event, 1) for event in ("mood", "picks")},
        {event: cost(event, most) for event in ("mood", "picks")},
        max(database["database"]["writes_per_s"].values()),
    )


def need_of(streams: int, people: People, costs: Costs, busy: float) -> Need:
    """What so many streams need.

    Args:
        busy: the share of a core, thread or database that may be used, 0..1.
    """
    cores = {name: ceil(streams * each / busy) for name, each in costs.cores_per_stream.items()}
    moods, picks = streams * (people.changes_per_s + people.heartbeats_per_s), streams * people.changes_per_s
    # One process of each takes one core.
    shared = moods * (cores["gateway"] + cores["recommender"]) * costs.delivery_s["mood"]
    shared += picks * cores["gateway"] * costs.delivery_s["picks"]
    direct = 2 * moods * costs.direct_s["mood"] + picks * costs.direct_s["picks"]
    writes = streams * people.feedback_per_s
    return Need(streams, cores, shared / busy, direct / busy, ceil(writes / costs.writes_per_s / busy))


def most_streams(fits: Callable[[Need], bool], need: Callable[[int], Need]) -> int:
    """The most streams, to two figures, that fit."""
    low, high = 1, 10**9
    while high - low > low // 100 + 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(need(middle)) else (low, middle)
    return low


def main(  # noqa: PLR0913  (what people do)
    stream: Annotated[Path, typer.Argument(help="Of benchmarks.stream.")],
    backbone: Annotated[Path, typer.Argument(help="Of benchmarks.backbone.")],
    database: Annotated[Path, typer.Argument(help="The same, with the database to count with.")],
    *,
    fps: float = 5.0,
    change_every_s: float = 20.0,
    heartbeat_every_s: float = 5.0,
    feedback_every_s: float = 60.0,
    busy: Annotated[float, typer.Option(help="Share of a core that may be used.")] = 0.7,
) -> None:
    """Print what one thousand, a hundred thousand and ten million streams need, and what is full first."""
    people = People(fps, 1 / change_every_s, 1 / heartbeat_every_s, 1 / feedback_every_s)
    measured, events, writes = (json.loads(file.read_text()) for file in (stream, backbone, database))
    costs = read_costs(measured, events, writes, fps)

    def need(streams: int) -> Need:
        return need_of(streams, people, costs, busy)

    typer.echo("\n".join([*_table([need(streams) for streams in STREAMS]), "", *_bounds(need)]))


def _table(needs: list[Need]) -> list[str]:
    rows = {f"{name}, cores": [f"{each.cores[name]:,}" for each in needs] for name in SERVICES}
    rows["Redis threads, everybody hears everything"] = [f"{each.shared_redis:,.2f}" for each in needs]
    rows["Redis threads, a channel for each"] = [f"{each.direct_redis:,.2f}" for each in needs]
    rows["databases as fast as the measured one"] = [f"{each.databases:,}" for each in needs]
    head = ["| streams | " + " | ".join(f"{each.streams:,}" for each in needs) + " |", "|---" * (len(needs) + 1) + "|"]
    return head + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]


def _bounds(need: Callable[[int], Need]) -> list[str]:
    bounds: dict[str, Callable[[Need], bool]] = {
        "one thread of Redis, everybody hears everything": lambda each: each.shared_redis <= 1,
        "one thread of Redis, a channel for each": lambda each: each.direct_redis <= 1,
        "one database as fast as the measured one": lambda each: each.databases <= 1,
    }
    rows = [f"| {name} | {most_streams(fits, need):,} |" for name, fits in bounds.items()]
    return ["| full first | at so many streams |", "|---|---|", *rows]


if __name__ == "__main__":
    typer.run(main)
