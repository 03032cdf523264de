"""`python -m benchmarks.report`: every figure of docs/performance.md, one measurement after the other, as Markdown.

Each is a command of its own, and each prints its JSON to a file of --folder too. Let nothing else run meanwhile.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from benchmarks.measurement import StreamReport
from benchmarks.peers.results import PeerReport
from standalone.settings import ROOT

Figures = Mapping[str, Any]

LOAD: Final = ("--clients", "50", "--fps", "5")
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "stream": ("benchmarks.stream", *LOAD),
    "two-workers": ("benchmarks.stream", *LOAD, "--workers", "2"),
    "abuse": ("benchmarks.stream", *LOAD, "--abuse"),
    "curve": ("benchmarks.stream", "--fps", "5", "--curve"),
    "soak": ("benchmarks.stream", "--clients", "20", "--fps", "5", "--soak"),
    "peers": ("benchmarks.peers",),
}


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(COMMANDS)}; may be repeated.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Of each run.")] = 30.0,
    soak_seconds: Annotated[float, typer.Option(min=30, help="Of the soak; an hour is 3600.")] = 600.0,
    folder: Annotated[Path, typer.Option(help="Where the JSON goes.")] = ROOT / ".run" / "benchmarks",
) -> None:
    """Measure everything, or what is named."""
    unknown = set(only or ()) - set(COMMANDS)
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}; choose of {', '.join(COMMANDS)}")
    folder.mkdir(parents=True, exist_ok=True)
    typer.echo(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    for name, command in COMMANDS.items():
        if only and name not in only:
            continue
        length_s = soak_seconds if name == "soak" else seconds
        timing = () if name == "peers" else ("--seconds", f"{length_s:g}")
        figures = _measured((*command, *timing, "--json"))
        (folder / f"{name}.json").write_text(json.dumps(figures, indent=2))
        typer.echo(f"## {name}\n\n    python -m {' '.join((*command, *timing))}\n")
        typer.echo(markdown(name, figures) + "\n")


def markdown(name: str, figures: Figures) -> str:
    """The tables of one of `COMMANDS`.

    Args:
        figures: what it printed.
    """
    return _TABLES[name](figures)


def _measured(command: tuple[str, ...]) -> Figures:
    done = subprocess.run([sys.executable, "-m", *command], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise typer.Exit(done.returncode)
    return json.loads(done.stdout)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


_STREAM_HEAD: Final = ("", "offered fps", "processed fps", "dropped", "p50 ms", "p95 ms", "p99 ms", "CPU ms a frame")


def _stream_row(name: object, figures: Figures) -> tuple[Any, ...]:
    report = StreamReport.model_validate(figures)
    latency, cpu = report.latency_ms, report.cpu_ms_per_frame["total"]
    dropped = f"{report.dropped_share:.1%}"
    return name, report.offered_fps, report.processed_fps, dropped, latency.p50, latency.p95, latency.p99, cpu


def _stream_table(figures: Figures) -> str:
    cpu = StreamReport.model_validate(figures).cpu_ms_per_frame
    parts = _table(("process", "CPU ms a frame"), sorted(cpu.items(), key=lambda item: -item[1]))
    return f"{_table(_STREAM_HEAD, [_stream_row(figures['clients'], figures)])}\n\n{parts}"


def _abuse_table(figures: Figures) -> str:
    return _table(_STREAM_HEAD, [_stream_row(name, each) for name, each in figures.items()])


def _curve_table(figures: Figures) -> str:
    rows = [(*_stream_row(point["clients"], point), point["refused_clients"]) for point in figures["points"]]
    largest = f"Most clients with a p95 under 100 ms and at most 1 % dropped: {figures['largest_clients']}."
    return f"{_table((*_STREAM_HEAD, 'refused'), rows)}\n\n{largest}"


def _soak_table(figures: Figures) -> str:
    memory = _table(("process", "MiB an hour"), sorted(figures["rss_mb_per_hour"].items()))
    slopes = ", ".join(f"{name} {slope} ms an hour" for name, slope in figures["latency_ms_per_hour"].items())
    return f"{_table(_STREAM_HEAD, [_stream_row('soak', figures['run'])])}\n\n{memory}\n\nLatency: {slopes}."


def _peers_table(figures: Figures) -> str:
    contenders = {name: each for name, each in figures.items() if isinstance(each, Mapping)}
    measured = [
        (name, *PeerReport.model_validate(each).model_dump().values())
        for name, each in contenders.items()
        if "skipped" not in each
    ]
    skipped = [f"{name} was skipped: {each['skipped']}." for name, each in contenders.items() if "skipped" in each]
    return "\n\n".join((_table(("", *PeerReport.model_fields), measured), *skipped))


_TABLES: Final[Mapping[str, Callable[[Figures], str]]] = {
    "stream": _stream_table,
    "two-workers": _stream_table,
    "abuse": _abuse_table,
    "curve": _curve_table,
    "soak": _soak_table,
    "peers": _peers_table,
}

if __name__ == "__main__":
    typer.run(main)
