"""What sets the bounds when machines become many: `python -m benchmarks.backbone --json`.

Redis: what publishing costs it, and what it sends, where every subscriber gets every event on one channel, and where
each event has a channel that only who wants it hears. The database: feedback committed a second, by so many writers.
"""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Annotated, Final
from uuid import uuid4

import psutil
import stamina
import typer
from redis import Redis
from redis.exceptions import RedisError

from contracts.events import EventReason, MoodEvent, RecommendationsEvent
from contracts.mood import Mood, MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind
from servicekit.database import Database, open_engine
from servicekit.logs import configure_logging
from services.recommender.core.rest import RestPolicy
from services.recommender.lists import Policy, Request
from services.recommender.migration import prepare_database
from services.recommender.people_store import Feedback
from services.recommender.recommender import Recommender, utc_now
from standalone.ports import free_ports
from standalone.redis_server import resolve_redis

SUBSCRIBERS: Final = (1, 4, 16, 64)
EVENTS: Final = {"mood": 20_000, "picks": 1000}
BATCH: Final = 50
"""Events in a pipeline, so that the round trips of the publisher do not count."""
WRITERS: Final = (1, 4)
"""SQLite has one at a time: of more, one would give up waiting."""
WRITERS_OF_POSTGRESQL: Final = (1, 4, 16)
WRITES: Final = 200
"""Of each writer."""
PICKS: Final = 10
TIMEOUT_S: Final = 60.0
AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
HAPPY: Final = Mood(
    state=MoodState.HAPPY,
    probabilities=[0.01, 0.01, 0.01, 0.9, 0.02, 0.02, 0.03],
    valence=0.7,
    arousal=0.3,
    confidence=0.9,
    since=AT,
)


def main(
    database_url: Annotated[str | None, typer.Option(help="Of a database to write to; by default SQLite.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure both; let nothing else run meanwhile."""
    configure_logging("benchmarks", "ERROR")
    with tempfile.TemporaryDirectory(prefix="emoverse-backbone-") as folder:
        url = database_url or f"sqlite:///{folder}/backbone.db"
        recommender = _recommender(url)
        events = {"mood": _mood_event(), "picks": _picks_event(recommender)}
        writers = WRITERS if url.startswith("sqlite") else WRITERS_OF_POSTGRESQL
        report = {"redis": measure_redis(Path(folder), events), "database": measure_writes(recommender, url, writers)}
    typer.echo(json.dumps(report, indent=None if as_json else 2))


def measure_redis(
    folder: Path, events: dict[str, str], subscribers: tuple[int, ...] = SUBSCRIBERS
) -> list[dict[str, float | str | int]]:
    """For each kind of event: its cost on one channel by the number of subscribers, and on a channel for each."""
    with _redis(folder) as (redis, server):
        return [
            {"event": name, "bytes": len(body), "subscribers": number, "channels": channels}
            | _one_run(redis, server, body, number, channels, EVENTS[name])
            for name, body in events.items()
            for number in subscribers
            for channels in sorted({1, number})
        ]


def _one_run(
    redis: "Redis", server: psutil.Process, body: str, subscribers: int, channels: int, count: int
) -> dict[str, float]:
    with ExitStack() as stack:
        readers = [stack.enter_context(_subscribed(redis, f"channel:{n % channels}")) for n in range(subscribers)]
        before_s, began_s = _cpu_s(server), time.perf_counter()
        for start in range(0, count, BATCH):
            pipe = redis.pipeline(transaction=False)
            for number in range(start, min(start + BATCH, count)):
                pipe.publish(f"channel:{number % channels}", body)
            pipe.execute()
        deliveries = count * (subscribers // channels)
        _wait_for(readers, deliveries * len(body))
        took_s, cpu_s = time.perf_counter() - began_s, _cpu_s(server) - before_s
    return {
        "cpu_us_per_event": round(1e6 * cpu_s / count, 1),
        "deliveries_per_event": subscribers // channels,
        "events_per_s": round(count / took_s),
        "mb_per_s": round(deliveries * len(body) / took_s / 1e6, 1),
    }


class _Reader(Thread):
    """Takes what comes and counts it, unread: the server is what is measured."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self.received = 0

    def run(self) -> None:
        with suppress(OSError):
            while got := len(self._connection.recv(2**20)):
                self.received += got


@contextmanager
def _subscribed(redis: "Redis", channel: str) -> Generator[_Reader]:
    at = redis.connection_pool.connection_kwargs
    with socket.create_connection((at["host"], at["port"])) as connection:
        connection.sendall(f"SUBSCRIBE {channel}\r\n".encode())
        connection.recv(4096)
        reader = _Reader(connection)
        reader.start()
        yield reader
        connection.shutdown(socket.SHUT_RDWR)


def _wait_for(readers: list[_Reader], size: int) -> None:
    until_s = time.monotonic() + TIMEOUT_S
    while sum(reader.received for reader in readers) < size:
        if time.monotonic() > until_s:
            raise TimeoutError("not every event has arrived")
        time.sleep(0.001)


def measure_writes(
    recommender: Recommender, url: str, writers: tuple[int, ...] = WRITERS, count: int = WRITES
) -> dict[str, object]:
    """Feedback committed a second, by the number of writers at once; each is a person of their own."""
    items = [chosen.pick.item.id for chosen in recommender.recommend(Request("nobody", PICKS), Kind.MUSIC).picks]

    def write(person: str) -> None:
        for number in range(count):
            action = FeedbackAction.LIKE if number % 2 else FeedbackAction.SKIP
            recommender.give_feedback(Feedback(person, items[number % PICKS], action, uuid4().hex, utc_now()), HAPPY)

    rates: dict[int, int] = {}
    for number in writers:
        began_s = time.perf_counter()
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(write, [uuid4().hex for _ in range(number)]))
        rates[number] = round(number * count / (time.perf_counter() - began_s))
    return {"database": url.partition(":")[0], "writes_per_s": rates}


def _recommender(url: str) -> Recommender:
    prepare_database(url)
    policy = Policy(
        seed=0,
        sitting=timedelta(minutes=30),
        rest=RestPolicy(after_shown=timedelta(hours=12), after_skip=timedelta(hours=24)),
    )
    recommender = Recommender(Database(open_engine(url)), policy)
    recommender.refresh()
    return recommender


def _mood_event() -> str:
    return MoodEvent(
        event_id=uuid4().hex, user_id="ada", session_id="s", mood=HAPPY, reason=EventReason.CHANGE, at=AT
    ).model_dump_json()


def _picks_event(recommender: Recommender) -> str:
    picks = recommender.recommend_all(Request("ada", PICKS, HAPPY)).picks
    event = RecommendationsEvent(event_id=uuid4().hex, user_id="ada", mood=HAPPY, goal=Goal.MATCH, picks=picks, at=AT)
    return event.model_dump_json()


@contextmanager
def _redis(folder: Path) -> Generator[tuple["Redis", psutil.Process]]:
    server = resolve_redis(None, folder, free_ports(1)[0])
    with (
        subprocess.Popen(server.command, stdout=subprocess.DEVNULL) as process,
        Redis.from_url(server.url) as client,
    ):
        try:
            _until_there(client.ping)
            yield client, psutil.Process(process.pid)
        finally:
            process.terminate()


@stamina.retry(on=RedisError, attempts=None, timeout=TIMEOUT_S, wait_max=0.2)
def _until_there(ask: Callable[[], object]) -> None:
    ask()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    typer.run(main)
