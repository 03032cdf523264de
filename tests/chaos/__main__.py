"""`make chaos`: break the running system, part by part, under load, and see that it keeps its promises.

Prints a table of what was done, how often, and the worst that was seen. Exit status: 1 where something was
lost, done twice, given up or answered wrongly; 0 else, or where there is no PostgreSQL. Waits are told, not judged.
"""

import json
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.crowd import Crowd, crowd, resumed
from tests.chaos.faults import Fault, Harm, in_order
from tests.chaos.importer import Importer
from tests.chaos.processes import Processes
from tests.chaos.stores import database_harms, redis_harms, wire_harms
from tests.postgresql import postgresql_programs

RESUMED_WITHIN_S: Final = 5.0
"""The promise: from the part being back to every stream being answered again."""
WRITTEN_WITHIN_S: Final = 10.0
"""And to a write of everybody being acknowledged: one that is on its way may first wait for its deadline."""
CALM_S: Final = 3.0
"""Between two faults."""

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
        return broken + [
            f"after {each.kind} of {each.part}, {other} was another process"
            for each in self.outcomes
            for other in each.crashed
        ]

    @property
    def slow(self) -> list[str]:
        """Where people waited longer than promised. On a busy machine they may: it is told, and nothing fails."""
        return [
            f"after {each.kind} of {each.part}, streams took {each.streams_s:.1f} s and writes {each.writes_s:.1f} s"
            for each in self.outcomes
            if each.streams_s > RESUMED_WITHIN_S or each.writes_s > WRITTEN_WITHIN_S
        ]

    def as_json(self) -> dict[str, Any]:
        """Everything, and what was broken."""
        counts = {name: dict(getattr(self, name)) for name in ("acknowledged", "wrong", "findings")}
        outcomes = [asdict(each) for each in self.outcomes]
        run = {"seed": self.seed, "streams": self.streams, "writers": self.writers, "outcomes": outcomes}
        return {**run, **counts, "broken": self.broken, "slow": self.slow}


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
    with crowd(programs, streams, writers, seed) as there:
        _break(report, there, count)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    console.print(_table(report))
    for promise in report.broken:
        console.print("broken:", promise, markup=False)
    for wait in report.slow:
        console.print("slow:", wait, markup=False)
    sys.exit(1 if report.broken else 0)


def _break(report: Report, there: Crowd, count: int) -> None:
    processes = Processes(there.stack, there.database)
    harms = {
        **processes.harms(),
        **redis_harms(there.redis_url),
        **database_harms(there.database),
        **wire_harms(*there.wires),
    }
    importer = Importer(there)
    for number, fault in enumerate(in_order(list(harms), count, report.seed), 1):
        time.sleep(CALM_S)
        outcome = _one(fault, harms[fault], processes, there)
        report.outcomes.append(outcome)
        console.print(f"[dim]{number} {outcome}[/dim]", soft_wrap=True)
    for acknowledged, wrong, findings in (importer.finish(), there.finish()):
        report.acknowledged += acknowledged
        report.wrong += wrong
        report.findings += findings


def _one(fault: Fault, harm: Harm, processes: Processes, there: Crowd) -> Outcome:
    before, began_s = processes.pids(), time.monotonic()
    harm()
    back_s = time.monotonic()
    streams_s, writes_s = resumed(there.streamers, back_s), resumed(there.writers, back_s)
    after = processes.pids()
    crashed = [part for part, pid in before.items() if part != fault.part and after.get(part) != pid]
    return Outcome(fault.part, fault.kind, back_s - began_s, streams_s, writes_s, crashed)


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
