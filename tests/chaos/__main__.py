"""`make chaos`: break the running system, part by part, under load, and see that it keeps its promises.

Prints a table of what was done, how often, and the worst that was seen. Exit status: 0 every promise was kept, or there
is no PostgreSQL here; 1 one was not.
"""

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from contracts.recommendation import Kind
from tests.chaos.faults import Fault, Harm, in_order
from tests.chaos.processes import Processes
from tests.chaos.stores import database_harms, redis_harms, wire_harms
from tests.chaos.wire import Wire
from tests.chaos.writers import Writer
from tests.people import Person, Streamer
from tests.postgresql import PostgreSQL, postgresql, postgresql_programs
from tests.running import Stack, running_stack

RESUMED_WITHIN_S: Final = 5.0
"""The promise: from the part being back to every stream being answered again."""
WRITTEN_WITHIN_S: Final = 10.0
"""And to a write of everybody being acknowledged: one that is on its way may first wait for its deadline."""
WAITED_FOR_S: Final = 60.0
CALM_S: Final = 3.0
"""Between two faults."""
TOKEN_SECRET: Final = "chaos-" * 8

console = Console(width=140, highlight=False, stderr=True)


@dataclass
class Outcome:
    """What came of one fault."""

    part: str
    kind: str
    away_s: float
    """From the blow to the part answering again."""
    streams_s: float
    """From there to a reading for each stream."""
    writes_s: float
    """And to an acknowledged write of each writer."""
    crashed: list[str]
    """Other parts that have another process now."""


@dataclass
class Report:
    """What was done, and what was seen."""

    seed: int
    streams: int
    writers: int
    outcomes: list[Outcome] = field(default_factory=list)
    acknowledged: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, in words."""
        broken = [f"{count} acknowledged writes: {what}" for what, count in self.wrong.items()]
        broken += [f"{count} times: {what}" for what, count in self.findings.items()]
        for each in self.outcomes:
            name = f"{each.kind} of {each.part}"
            broken += [f"after {name}, {other} was another process" for other in each.crashed]
            if each.streams_s > RESUMED_WITHIN_S or each.writes_s > WRITTEN_WITHIN_S:
                broken.append(f"after {name}, streams took {each.streams_s:.1f} s and writes {each.writes_s:.1f} s")
        return broken

    def as_json(self) -> dict[str, Any]:
        """Everything, and what was broken."""
        counts = {name: dict(getattr(self, name)) for name in ("acknowledged", "wrong", "findings")}
        outcomes = [asdict(each) for each in self.outcomes]
        run = {"seed": self.seed, "streams": self.streams, "writers": self.writers, "outcomes": outcomes}
        return {**run, **counts, "broken": self.broken}


def main(
    count: Annotated[int, typer.Option("--faults", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Of the order of the later faults, and of what is written.")] = 1,
    streams: Annotated[int, typer.Option(min=1)] = 10,
    writers: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Break the running system."""
    programs = postgresql_programs()
    if programs is None:
        console.print("skipped: there is no PostgreSQL on this machine; install it, e.g. Debian's package postgresql")
        return
    report = Report(seed, streams, writers)
    with ExitStack() as at_end:
        folder = Path(at_end.enter_context(tempfile.TemporaryDirectory(prefix="emoverse-chaos-")))
        database = at_end.enter_context(postgresql(programs))
        settings = {
            "DATABASE_URL": database.url,
            "GATEWAY_DATABASE_URL": database.url,
            "TOKEN_SECRET": TOKEN_SECRET,
        }
        stack = at_end.enter_context(running_stack(folder, settings))
        _break(report, stack, database, count)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    console.print(_table(report))
    for promise in report.broken:
        console.print("broken:", promise, markup=False)
    sys.exit(1 if report.broken else 0)


def _break(report: Report, stack: Stack, database: PostgreSQL, count: int) -> None:
    with ExitStack() as at_end:
        emotion = at_end.enter_context(Wire(stack.emotion_address))
        gateway = at_end.enter_context(Wire(stack.gateway_url.removeprefix("http://")))
        processes = Processes(stack, database)
        redis_url = stack.part("gateway").environ()["REDIS_URL"]
        harms = {
            **processes.harms(),
            **redis_harms(redis_url),
            **database_harms(database),
            **wire_harms(emotion, gateway),
        }
        people = [Person(f"http://{gateway.address}", f"10.0.0.{n}") for n in range(report.streams + report.writers)]
        streamers = [_streamer(person, emotion.address, stack.data_dir) for person in people[: report.streams]]
        for streamer in streamers:
            at_end.callback(streamer.close)
        items = [pick["item"]["id"] for kind in Kind for pick in people[0].picks(kind)]
        writing = [Writer(person, items, report.seed + n) for n, person in enumerate(people[report.streams :])]
        _resumed([*streamers, *writing], time.monotonic())
        for number, fault in enumerate(in_order(list(harms), count, report.seed), 1):
            time.sleep(CALM_S)
            outcome = _one(fault, harms[fault], processes, streamers, writing)
            report.outcomes.append(outcome)
            console.print(f"[dim]{number} {outcome}[/dim]", soft_wrap=True)
        for writer in writing:
            writer.finish()
            report.acknowledged += writer.acknowledged()
            report.wrong += writer.compare()
            report.findings += writer.findings
        report.findings += Counter({"a capture client gave up": sum(each.has_failed for each in streamers)})


def _streamer(person: Person, address: str, folder: Path) -> Streamer:
    return Streamer(person.user_id, person.token, address, folder / f"{person.user_id}.log")


def _one(
    fault: Fault, harm: Harm, processes: Processes, streamers: Sequence[Streamer], writers: Sequence[Writer]
) -> Outcome:
    before, began_s = processes.pids(), time.monotonic()
    harm()
    back_s = time.monotonic()
    streams_s, writes_s = _resumed(streamers, back_s), _resumed(writers, back_s)
    after = processes.pids()
    crashed = [part for part, pid in before.items() if part != fault.part and after.get(part) != pid]
    return Outcome(fault.part, fault.kind, back_s - began_s, streams_s, writes_s, crashed)


def _resumed(each: Sequence[Streamer | Writer], moment_s: float) -> float:
    """How long after a moment the last of them had its first answer; infinite if that took too long."""
    first: dict[int, float] = {}
    end_s = time.monotonic() + WAITED_FOR_S
    while len(first) < len(each) and time.monotonic() < end_s:
        for index, one in enumerate(each):
            if index not in first and one.last_s > moment_s:
                first[index] = one.last_s - moment_s
        time.sleep(0.02)
    return max(first.values()) if len(first) == len(each) else float("inf")


def _table(report: Report) -> Table:
    title = f"{len(report.outcomes)} faults under {report.streams} streams and {report.writers} writers"
    table = Table("part", "fault", "times", "away, s", "streams resumed, s", "writes resumed, s", title=title)
    groups: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in report.outcomes:
        groups[each.part, each.kind].append(each)
    for (part, kind), outcomes in sorted(groups.items()):
        worst = [max(getattr(each, name) for each in outcomes) for name in ("away_s", "streams_s", "writes_s")]
        table.add_row(part, kind, str(len(outcomes)), *(f"{seconds:.1f}" for seconds in worst))
    table.caption = f"acknowledged {dict(report.acknowledged)}; wrong afterwards {dict(report.wrong)}"
    return table


if __name__ == "__main__":
    typer.run(main)
