"""What a worker tells Prometheus, and its part of a trace.

Tasks run in processes of their own, which come and go. They write what became of each task into a pipe that the
worker's main process reads, since that is the one that answers.
"""

import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any, Final

from celery import signals
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from servicekit.metrics import create_registry, serving_metrics
from servicekit.tracing import HEADER, note, span, start_tracing
from services.recommender.settings import RecommenderSettings

CALL_TIMEOUT_S: Final = 2.0
FAILURE: Final = "failure"
TIMES_S: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 600.0)


@contextmanager
def telling(settings: RecommenderSettings, queues: Sequence[str], tasks: Iterable[str]) -> Generator[None]:
    """Answer GET /metrics meanwhile, and trace what the worker's processes do. To be opened before they begin.

    Args:
        settings: of the worker.
        queues: that it takes from.
        tasks: the names of those that it can do.

    Raises:
        ConfigurationError: the port cannot be bound.
    """
    registry = create_registry()
    registry.register(_Queues(settings.redis_url, queues))
    reading, writing = os.pipe()
    Thread(target=_count, args=(reading, registry, tuple(tasks)), daemon=True).start()
    running = _Tasks(writing)
    signals.task_prerun.connect(running.begin, weak=False)
    signals.task_postrun.connect(running.end, weak=False)
    if settings.otlp_endpoint:
        _trace_processes(settings.otlp_endpoint)
    with serving_metrics(registry, settings.host, settings.worker_metrics_port, "RECOMMENDER_WORKER_METRICS_PORT"):
        yield


class _Tasks:
    """Times and traces each task of a process, which has one at a time."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._work = ExitStack()
        self._began_s = 0.0

    def begin(self, task: Any, **_: Any) -> None:
        self._work.enter_context(span(task.name, parent=task.request.get(HEADER)))
        self._began_s = time.perf_counter()

    def end(self, task: Any, state: str | None = None, **_: Any) -> None:
        outcome = (state or "unknown").lower()
        note(outcome=outcome)
        # So short a line is written whole or not at all, whoever else writes (POSIX, PIPE_BUF).
        os.write(self._pipe, f"{task.name} {outcome} {time.perf_counter() - self._began_s}\n".encode())
        self._work.close()


def _count(pipe: int, registry: CollectorRegistry, tasks: Iterable[str]) -> None:
    ended = Counter("worker_tasks", "Attempts at tasks, by outcome.", ["task", "outcome"], registry=registry)
    for task in tasks:
        # Prometheus sees an increase only from a number that was told before.
        ended.labels(task, FAILURE)
    task_s = Histogram("worker_task_seconds", "Of an attempt.", ["task"], buckets=TIMES_S, registry=registry)
    with os.fdopen(pipe) as lines:
        for line in lines:
            task, outcome, took_s = line.split()
            task_s.labels(task).observe(float(took_s))
            ended.labels(task, outcome).inc()


class _Queues(Collector):
    """How many tasks wait in the queues that this worker takes from; each worker tells the same of the same queue."""

    def __init__(self, redis_url: str, queues: Sequence[str]) -> None:
        self._redis: Any = Redis.from_url(
            redis_url, socket_timeout=CALL_TIMEOUT_S, socket_connect_timeout=CALL_TIMEOUT_S
        )
        self._queues = queues

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is asked of Redis before the first fetch."""
        return [self._family()]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Called when the metrics are fetched; tells nothing while Redis is away."""
        family = self._family()
        try:
            for queue in self._queues:
                family.add_metric([queue], self._redis.llen(queue))
        except RedisError:
            return []
        return [family]

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily("worker_queue_tasks", "Tasks that nobody has taken yet.", labels=["queue"])


def _trace_processes(endpoint: str) -> None:
    stops: list[Callable[[], None]] = []

    def start(**_: Any) -> None:
        stops.append(start_tracing("worker", endpoint))

    def stop(**_: Any) -> None:
        while stops:
            stops.pop()()

    signals.worker_process_init.connect(start, weak=False)
    signals.worker_process_shutdown.connect(stop, weak=False)
