"""One run: a load, what came of it, and what it cost."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import psutil
from pydantic import BaseModel

from benchmarks.load import Answers, Clients, Load, Span
from benchmarks.pictures import Clips
from benchmarks.processes import Cost, costs, cpu_ms_per_frame


class Percentiles(BaseModel):
    """Milliseconds; null where no frame was processed."""

    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Percentiles":
        """Of these values."""
        if not values:
            return cls(p50=None, p95=None, p99=None)
        p50, p95, p99 = (round(float(value), 1) for value in np.percentile(values, [50, 95, 99]))
        return cls(p50=p50, p95=p95, p99=p99)


class StreamReport(BaseModel):
    """The figures of one run."""

    clients: int
    offered_fps: float
    """Frames that were due, a second, of all clients together."""
    processed_fps: float
    """Frames that were looked at and whose faces the model read."""
    dropped_share: float
    """The rest: refused, superseded by newer ones, degraded, or never answered; 0..1."""
    latency_ms: Percentiles
    """From frame sent to reading received, of processed frames."""
    cpu_ms_per_frame: dict[str, float]
    """Processor time of each process divided by the processed frames, and their "total"."""
    rss_mb: dict[str, list[float]]
    """Memory of each process at the start and at the end, MiB."""


@dataclass(frozen=True)
class Sample:
    """What the processes had used at a moment of the run."""

    at_s: float
    """Since the counting began."""
    costs: Mapping[str, Cost]


@dataclass(frozen=True)
class Measurement:
    """A run in full."""

    load: Load
    answers: Answers
    samples: Sequence[Sample]
    """At the start, then as often as was asked for, and at the end."""

    def report(self) -> StreamReport:
        """Its figures."""
        answers, (first, last) = self.answers, (self.samples[0].costs, self.samples[-1].costs)
        return StreamReport(
            clients=self.load.clients,
            offered_fps=round(answers.offered / self.load.seconds, 2),
            processed_fps=round(answers.processed / self.load.seconds, 2),
            dropped_share=round(1 - answers.processed / max(answers.offered, 1), 4),
            latency_ms=Percentiles.of(answers.latencies_ms),
            cpu_ms_per_frame=cpu_ms_per_frame(first, last, answers.processed),
            rss_mb={
                name: [round(first[name].rss_mb, 1), round(last[name].rss_mb, 1)]
                for name in sorted(first.keys() & last.keys())
            },
        )


async def measure(
    load: Load,
    addresses: Sequence[str],
    clips: Clips,
    processes: Sequence[psutil.Process],
    sample_every_s: float | None = None,
) -> Measurement:
    """Run a load to its end.

    Args:
        addresses: HOST:PORT of the emotion workers.
        clips: what the clients send.
        processes: whose cost is measured, beside this one's.
        sample_every_s: how often in between; None: at the start and at the end only.
    """
    async with AsyncExitStack() as stack:
        clients = Clients(load, addresses, clips)
        await clients.connect(stack)
        span = Span.from_now(load)
        _, samples = await asyncio.gather(
            clients.stream(span), _sample(processes, span, sample_every_s or load.seconds)
        )
        return Measurement(load, clients.answers, samples)


async def _sample(processes: Sequence[psutil.Process], span: Span, every_s: float) -> list[Sample]:
    samples: list[Sample] = []
    due_s = [span.counted_s + index * every_s for index in range(int((span.end_s - span.counted_s) / every_s))]
    for due in (*due_s, span.end_s):
        await asyncio.sleep(due - time.perf_counter())
        samples.append(Sample(time.perf_counter() - span.counted_s, costs(processes)))
    return samples
