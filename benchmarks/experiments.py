"""Several runs, or one long one, and what they show together."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import numpy as np
from pydantic import BaseModel

from benchmarks.abuse import Abuse
from benchmarks.load import GREETING_TIMEOUT_S, Load
from benchmarks.measurement import Measurement, Percentiles, StreamReport, measure
from benchmarks.pictures import Clips
from benchmarks.targets import Target

Experiment = Callable[[Target, Load, Clips], Awaitable[BaseModel]]
"""Puts a load on a target; the pictures are what each client sends in turn."""

CURVE_CLIENTS: Final = (1, 5, 10, 25, 50, 100, 200)
MAX_P95_MS: Final = 100.0
MAX_DROPPED_SHARE: Final = 0.01
SOAK_WINDOW_S: Final = 10.0
SECONDS_PER_HOUR: Final = 3600.0


class CurvePoint(StreamReport):
    """One load of a curve."""

    refused_clients: int
    """Clients that the server would not take; their frames count as dropped."""
    statuses: dict[str, int]
    """How many readings had which status."""


class CurveReport(BaseModel):
    """Rising loads, one after the other."""

    points: list[CurvePoint]
    largest_clients: int
    """The most clients at which p95 stayed under 100 ms and at most 1 % of the frames were dropped; 0: none did."""


class SoakReport(BaseModel):
    """A long run, and how fast things grow in it: the slopes of least-squares lines."""

    run: StreamReport
    rss_mb_per_hour: dict[str, float]
    """Over the second half, when whatever is filled once is full."""
    latency_ms_per_hour: Percentiles
    """How the percentiles of windows of 10 s change, over the whole run."""


class AbuseReport(BaseModel):
    """The same clients undisturbed, and beside each kind of bad client."""

    quiet: StreamReport
    flood: StreamReport
    """Beside a client that sends 1,000 frames a second."""
    deaf: StreamReport
    """Beside a client that never reads an answer."""
    half: StreamReport
    """Beside a client that sends half messages."""
    quiet_again: StreamReport
    """At the end, to tell what the machine itself did meanwhile."""


async def one(target: Target, load: Load, clips: Clips) -> StreamReport:
    """One run."""
    return (await measure(load, target.addresses, clips, target.processes)).report()


async def curve(target: Target, load: Load, clips: Clips, steps: Sequence[int] = CURVE_CLIENTS) -> CurveReport:
    """Runs at each number of clients, then more between the last that was good and the first that was not."""
    points = {clients: await _point(target, load, clips, clients) for clients in steps}
    good = max((clients for clients in points if _is_good(points[clients])), default=0)
    bad = min((clients for clients in points if clients > good), default=good)
    while bad - good > max(1, good // 10):
        middle = (good + bad) // 2
        points[middle] = await _point(target, load, clips, middle)
        good, bad = (middle, bad) if _is_good(points[middle]) else (good, middle)
    return CurveReport(points=[points[clients] for clients in sorted(points)], largest_clients=good)


async def _point(target: Target, load: Load, clips: Clips, clients: int) -> CurvePoint:
    measurement = await measure(load._replace(clients=clients), target.addresses, clips, target.processes)
    answers = measurement.answers
    figures = measurement.report().model_dump()
    return CurvePoint(**figures, refused_clients=answers.refused, statuses=dict(answers.statuses))


def _is_good(point: StreamReport) -> bool:
    p95 = point.latency_ms.p95
    return p95 is not None and p95 < MAX_P95_MS and point.dropped_share <= MAX_DROPPED_SHARE


async def soak(target: Target, load: Load, clips: Clips) -> SoakReport:
    """One run of `load.seconds`, looked at every 10 seconds."""
    measurement = await measure(load, target.addresses, clips, target.processes, SOAK_WINDOW_S)
    return SoakReport(
        run=measurement.report(),
        rss_mb_per_hour=_memory_slopes(measurement),
        latency_ms_per_hour=_latency_slopes(measurement),
    )


async def abuse(target: Target, load: Load, clips: Clips) -> AbuseReport:
    """The load alone, then beside each bad client, then alone again."""
    quiet = await one(target, load, clips)
    disturbed = {kind.value: await _beside(kind, target, load, clips) for kind in Abuse}
    return AbuseReport(quiet=quiet, **disturbed, quiet_again=await one(target, load, clips))


async def _beside(kind: Abuse, target: Target, load: Load, clips: Clips) -> StreamReport:
    seconds = load.warm_up_s + load.seconds + GREETING_TIMEOUT_S
    bad = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.abuse", kind, target.addresses[0], str(seconds)
    )
    try:
        return await one(target, load, clips)
    finally:
        bad.terminate()
        await bad.wait()


def _memory_slopes(measurement: Measurement) -> dict[str, float]:
    settled = [each for each in measurement.samples if each.at_s >= measurement.load.seconds / 2]
    names = sorted(set.intersection(*(set(sample.costs) for sample in settled)))
    at_s = [sample.at_s for sample in settled]
    return {name: _per_hour(at_s, [sample.costs[name].rss_mb for sample in settled]) for name in names}


def _latency_slopes(measurement: Measurement) -> Percentiles:
    answers = measurement.answers
    windows: dict[int, list[float]] = {}
    for at_s, latency_ms in zip(answers.answered_at_s, answers.latencies_ms, strict=True):
        windows.setdefault(int(at_s / SOAK_WINDOW_S), []).append(latency_ms)
    at_s = [index * SOAK_WINDOW_S for index in windows]
    figures = [Percentiles.of(values) for values in windows.values()]
    slopes = {name: _per_hour(at_s, [getattr(each, name) for each in figures]) for name in Percentiles.model_fields}
    return Percentiles(**slopes)


def _per_hour(at_s: Sequence[float], values: Sequence[float]) -> float:
    if len(set(at_s)) < 2:  # noqa: PLR2004  (a slope needs two points)
        return 0.0
    return round(float(np.polyfit(at_s, values, 1)[0]) * SECONDS_PER_HOUR, 2)
