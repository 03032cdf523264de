"""`python -m benchmarks.stream`: many clients stream to the emotion service, and what it does is measured from outside.

The server is the one that listens at --server, or else a stack of the benchmark's own, as `make run` starts it.
"""

import asyncio
import sys
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import experiments
from benchmarks.load import Load
from benchmarks.pictures import clips
from benchmarks.targets import open_target
from servicekit.errors import EmoVerseError


def main(  # noqa: PLR0913, PLR0917  (the command's options)
    clients: Annotated[int, typer.Option(min=1, help="How many stream at once.")] = 50,
    fps: Annotated[float, typer.Option(min=0.1, help="Frames a second of each.")] = 5.0,
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each run is measured.")] = 30.0,
    warm_up: Annotated[float, typer.Option(min=0.0, help="Seconds of the same load before.")] = 3.0,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT of a running emotion service; by default 127.0.0.1:50051 if it runs.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Emotion workers of a stack of the benchmark's own.")] = 1,
    curve: Annotated[
        bool, typer.Option("--curve", help="Measure 1 to 200 clients, and the most with a p95 under 100 ms.")
    ] = False,
    soak: Annotated[bool, typer.Option("--soak", help="Also tell how fast memory and latency grow.")] = False,
    abuse: Annotated[
        bool, typer.Option("--abuse", help="Measure alone, and beside clients that flood, never read, or break off.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure throughput, latency, processor time and memory under a load of live streams."""
    chosen = [
        experiment
        for asked, experiment in ((curve, experiments.curve), (soak, experiments.soak), (abuse, experiments.abuse))
        if asked
    ]
    if len(chosen) > 1:
        raise typer.BadParameter("choose one of --curve, --soak and --abuse")
    experiment: experiments.Experiment = chosen[0] if chosen else experiments.one
    try:
        report = asyncio.run(_run(experiment, Load(clients, fps, seconds, warm_up), server, workers))
    except EmoVerseError as error:
        sys.exit(str(error))
    typer.echo(report.model_dump_json(indent=None if json else 2))


async def _run(experiment: experiments.Experiment, load: Load, server: str | None, workers: int) -> BaseModel:
    async with open_target(server, workers) as target:
        return await experiment(target, load, clips(load.fps))


if __name__ == "__main__":
    typer.run(main)
