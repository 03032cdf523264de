"""`make fuzz`: every edge of the system, with inputs made up by hypothesis.

Prints a table: what was put in, how often, and what came of it. Exit status: 1 where anything but a proper answer came.
"""

import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final

import psutil
import typer
from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console
from rich.table import Table

from tests.fuzz.edges import Edge, edges
from tests.fuzz.stage import HangError, ServerError, Stage, staged

AT_ONCE: Final = 500
"""Inputs between two looks at whether everything is alive."""
WARM: Final = 0.25
"""The share of an edge's inputs before its memory is first measured."""
MAX_FINDINGS: Final = 5
"""Of one edge; then it is given up."""
QUIET: Final[Any] = list(HealthCheck)


@dataclass
class Tally:
    """What came of one edge."""

    edge: str
    inputs: int = 0
    crashes: int = 0
    hangs: int = 0
    server_errors: int = 0
    seconds: float = 0.0
    growth_mib: float = 0.0
    """Of this process's memory, from the first quarter on."""
    findings: list[str] = field(default_factory=list[str])

    def note(self, error: BaseException) -> None:
        """Count a finding."""
        self.hangs += isinstance(error, HangError)
        self.server_errors += isinstance(error, ServerError)
        self.crashes += not isinstance(error, HangError | ServerError)
        notes = "\n".join(getattr(error, "__notes__", ()))
        self.findings.append(f"{type(error).__name__}: {str(error)[:3000]}\n{notes[:3000]}")


def fuzz(stage: Stage, edge: Edge, inputs: int, first_seed: int) -> Tally:
    """Put so many inputs into an edge, or fewer where too much is found."""
    tally = Tally(edge.name)
    began, base = time.monotonic(), None
    while tally.inputs < inputs and len(tally.findings) < MAX_FINDINGS:
        _some(stage, edge, min(AT_ONCE, inputs - tally.inputs), first_seed + tally.inputs, tally)
        if base is None and tally.inputs >= WARM * inputs:
            base = _memory()
    tally.seconds = round(time.monotonic() - began, 1)
    tally.growth_mib = round((_memory() - (base or _memory())) / 2**20, 1)
    return tally


def _some(stage: Stage, edge: Edge, inputs: int, number: int, tally: Tally) -> None:
    @seed(number)
    @settings(
        max_examples=inputs, deadline=None, database=None, suppress_health_check=QUIET, report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(value=edge.inputs)
    def put_in(value: Any) -> None:
        tally.inputs += 1
        edge.feed(stage, value)

    for work in (put_in, stage.require_life):
        try:
            work()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what was looked for)
            tally.note(error)


def _memory() -> int:
    gc.collect()
    return psutil.Process(os.getpid()).memory_info().rss


def main(
    inputs: Annotated[int, typer.Option(help="To all edges together.")] = 3000,
    first_seed: Annotated[int, typer.Option("--seed")] = 0,
    only: Annotated[str, typer.Option(help="Edges with this in their name.")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Fuzz, and tell."""
    with staged() as stage:
        chosen = [edge for edge in edges() if only in edge.name]
        whole = sum(edge.share for edge in chosen)
        tallies = [fuzz(stage, edge, round(inputs * edge.share / whole), first_seed) for edge in chosen]
    if as_json:
        sys.stdout.write(json.dumps([asdict(tally) for tally in tallies]) + "\n")
    else:
        _show(tallies)
    raise typer.Exit(any(tally.findings for tally in tallies))


def _show(tallies: list[Tally]) -> None:
    console = Console(width=140, highlight=False)
    table = Table("edge", "inputs", "crashes", "hangs", "5xx", "memory, MiB", "seconds")
    for tally in tallies:
        counts = (tally.inputs, tally.crashes, tally.hangs, tally.server_errors, tally.growth_mib, tally.seconds)
        table.add_row(tally.edge, *map(str, counts))
    console.print(table)
    for tally in tallies:
        for finding in tally.findings:
            console.print(f"FOUND at {tally.edge}:\n{finding}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    typer.run(main)
