"""How fast the recommender answers: `python -m benchmarks.recommend --items 100000 --json`.

Starts the recommender as one process or more, on a real database and a real Redis, and asks it through its public
gRPC port. The catalogue is made up (seeded); so are the people, who have told what they like through the same port.
The same calls then go to a recommender that scores every item for every list: the alternative.
"""

import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Annotated, Any, Final
from uuid import uuid4

import grpc
import psutil
import stamina
import typer
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.emotion import EMOTIONS, affect_of
from contracts.events import RECOMMENDATIONS_CHANNEL, EventReason, MoodEvent, RecommendationsEvent, mood_key
from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from contracts.recommendation import Goal, Kind
from servicekit.probe import SERVING, health_of
from standalone.ports import LOOPBACK, free_ports
from standalone.redis_server import resolve_redis

SERVICE: Final = pb.DESCRIPTOR.services_by_name["RecommenderService"].full_name
START_TIMEOUT_S: Final = 120.0
CALL_TIMEOUT_S: Final = 10.0
PEOPLE: Final = 100
LIKES: Final = 12
COUNT: Final = 10
FEEDBACK_TRIALS: Final = 30
GENRES: Final = 40
ITEMS_PER_ARTIST: Final = 8
DISLIKED: Final = 0.25
SONG_COLUMNS: Final = [
    "title",
    "creators",
    "year",
    "genres",
    "rating",
    "votes",
    "valence",
    "energy",
    "acousticness",
    "tempo",
]

Call = Callable[[RecommenderServiceStub], Awaitable[Any]]


@dataclass(frozen=True)
class Addresses:
    """Where things are."""

    folder: Path
    redis_url: str
    ports: Sequence[int]
    """Of each recommender."""

    def environment(self, **changes: str) -> dict[str, str]:
        """Of a process of the recommender's."""
        own = {
            "DATABASE_URL": f"sqlite:///{self.folder}/catalogue.db",
            "REDIS_URL": self.redis_url,
            "RECOMMENDER_REJECTS_FOLDER": str(self.folder),
            "LOG_LEVEL": "WARNING",
        }
        return {**os.environ, **own, **changes}


def write_songs(path: Path, items: int, seed: int = 0) -> None:
    """A plain CSV of made-up songs; genres and artists are as unevenly frequent as real ones."""
    draw = random.Random(seed)
    genres = [f"genre {n}" for n in range(GENRES)]
    weights = [1 / (n + 1) for n in range(GENRES)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(SONG_COLUMNS)
        for n in range(items):
            energy = draw.betavariate(2.5, 1.8)
            row = [f"Song {n}", f"Artist {draw.randrange(items // ITEMS_PER_ARTIST + 1)}", draw.randrange(1960, 2026)]
            row += ["|".join(dict.fromkeys(draw.choices(genres, weights, k=2)))]
            row += [round(draw.gauss(6.5, 1.0), 1), int(10 ** draw.uniform(0, 6))]
            row += [round(draw.betavariate(2, 2), 3), round(energy, 3)]
            row += [round(1 - energy * draw.random(), 3), draw.randrange(60, 180)]
            writer.writerow(row)


def made_up_mood(draw: random.Random) -> Mood:
    """Mostly one emotion, and some of the others."""
    raw = [draw.expovariate(1) ** 3 for _ in EMOTIONS]
    probabilities = [each / sum(raw) for each in raw]
    best = max(range(len(EMOTIONS)), key=probabilities.__getitem__)
    affect = affect_of(probabilities)
    return Mood(
        state=MoodState(EMOTIONS[best]),
        probabilities=probabilities,
        valence=affect.valence,
        arousal=affect.arousal,
        confidence=probabilities[best],
        since=datetime.now(UTC),
    )


@contextmanager
def redis_running(folder: Path) -> Generator[str]:
    """A Redis of the benchmark's own."""
    server = resolve_redis(None, folder, free_ports(1)[0])
    with subprocess.Popen(server.command, stdout=subprocess.DEVNULL) as process:
        try:
            _ping(server.url)
            yield server.url
        finally:
            process.terminate()


@stamina.retry(on=RedisError, attempts=None, timeout=START_TIMEOUT_S, wait_initial=0.02, wait_max=0.2)
def _ping(url: str) -> None:
    with SyncRedis.from_url(url) as client:
        client.ping()


def prepare(addresses: Addresses, items: int) -> None:
    """Fill the database, by the commands that an operator uses."""
    songs = addresses.folder / "songs.csv"
    write_songs(songs, items)
    for command in (["migrate"], ["import", "music", str(songs)]):
        subprocess.run(
            [sys.executable, "-m", "services.recommender", *command],
            env=addresses.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@asynccontextmanager
async def recommenders_running(addresses: Addresses, **changes: str) -> AsyncGenerator[list[psutil.Process]]:
    """The service, once all of its processes serve."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_running(addresses, port, **changes)) for port in addresses.ports]


@asynccontextmanager
async def _running(addresses: Addresses, port: int, **changes: str) -> AsyncGenerator[psutil.Process]:
    command = [sys.executable, "-m", "services.recommender"]
    environment = addresses.environment(RECOMMENDER_PORT=str(port), **changes)
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        await _until_serving(port, process)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _until_serving(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while not await _serves(port):
            if process.returncode is not None:
                raise RuntimeError(f"the recommender ended with status {process.returncode}")
            await asyncio.sleep(0.2)


async def _serves(port: int) -> bool:
    # A new channel for each question: an old one would wait ever longer before it tries again.
    async with grpc.aio.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        try:
            return await health_of(channel, SERVICE) == SERVING
        except grpc.aio.AioRpcError:
            return False


async def timed(stub: RecommenderServiceStub, calls: Sequence[Call], concurrency: int) -> list[float]:
    """Make every call, `concurrency` at a time; the latencies in ms."""
    waiting = iter(calls)
    taken: list[float] = []

    async def caller() -> None:
        for call in waiting:
            began = time.perf_counter()
            await call(stub)
            taken.append(1000 * (time.perf_counter() - began))

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return taken


async def measured(
    stub: RecommenderServiceStub, service: Sequence[psutil.Process], calls: Sequence[Call], concurrency: int
) -> dict[str, float]:
    """Latencies in ms, calls a second, and the CPU time of both sides."""
    before, own_before, began = _cpu_s(service), time.process_time(), time.perf_counter()
    taken = await timed(stub, calls, concurrency)
    wall, cpu_s, own = time.perf_counter() - began, _cpu_s(service) - before, time.process_time() - own_before
    cuts = quantiles(taken, n=100)
    return {
        "calls": len(taken),
        "p50_ms": round(median(taken), 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "mean_ms": round(fmean(taken), 2),
        "calls_per_s": round(len(taken) / wall, 1),
        "service_cpu_ms_per_call": round(1000 * cpu_s / len(taken), 3),
        "caller_cpu_ms_per_call": round(1000 * own / len(taken), 3),
    }


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    return sum(each.cpu_times().user + each.cpu_times().system for each in processes)


def asking(user: str, goal: str = "", mood: MoodState | None = None) -> Call:
    """A call for a list."""
    request = pb.RecommendRequest(user_id=user, kind=Kind.MUSIC, count=COUNT, goal=goal)
    if mood:
        request.mood = mood.to_proto()
    return lambda stub: stub.Recommend(request, timeout=CALL_TIMEOUT_S)  # pyright: ignore[reportReturnType]  (awaitable on an asyncio channel)


def telling(user: str, item: str, action: str, key: str) -> Call:
    """A call that gives feedback."""
    request = pb.GiveFeedbackRequest(user_id=user, item_id=item, action=action, idempotency_key=key)
    return lambda stub: stub.GiveFeedback(request, timeout=CALL_TIMEOUT_S)  # pyright: ignore[reportReturnType]


def fresh_calls(users: Iterable[str], draw: random.Random) -> list[Call]:
    """Every person once with every goal in every mood, mixed: no two calls alike."""
    states = [MoodState(emotion) for emotion in EMOTIONS]
    calls = [asking(user, goal, state) for user in users for goal in Goal for state in states]
    draw.shuffle(calls)
    return calls


async def tell_likes(stub: RecommenderServiceStub, users: Sequence[str], draw: random.Random) -> None:
    """Have everybody like some songs of what they are offered, and dislike some."""
    calls: list[Call] = []
    for user in users:
        response: pb.RecommendResponse = await asking(user)(stub)
        items = [pick.item.id for pick in response.picks]
        extra: pb.RecommendResponse = await stub.Recommend(  # pyright: ignore[reportGeneralTypeIssues]
            pb.RecommendRequest(user_id=user, kind=Kind.MUSIC, count=60), timeout=CALL_TIMEOUT_S
        )
        items += [pick.item.id for pick in extra.picks]
        for item in draw.sample(sorted(set(items)), LIKES):
            action = "dislike" if draw.random() < DISLIKED else "like"
            calls.append(telling(user, item, action, uuid4().hex))
    await timed(stub, calls, 8)


async def feedback_to_ranking(stub: RecommenderServiceStub, redis: Redis, users: Sequence[str]) -> dict[str, float]:
    """Ms from giving a dislike to a list without the item: the next call's, and the one that is published."""
    pulled: list[float] = []
    pushed: list[float] = []
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(RECOMMENDATIONS_CHANNEL)
        for user in users[:FEEDBACK_TRIALS]:
            first: pb.RecommendResponse = await asking(user)(stub)
            item = first.picks[0].item.id
            began = time.perf_counter()
            await telling(user, item, "dislike", uuid4().hex)(stub)
            while item in {pick.item.id for pick in (await asking(user)(stub)).picks}:
                pass
            pulled.append(1000 * (time.perf_counter() - began))
            async with asyncio.timeout(CALL_TIMEOUT_S):
                while not await _heard_without(pubsub, user, item):
                    pass
            pushed.append(1000 * (time.perf_counter() - began))
    return {
        "trials": len(pulled),
        "next_call_p50_ms": round(median(pulled), 1),
        "next_call_max_ms": round(max(pulled), 1),
        "published_p50_ms": round(median(pushed), 1),
        "published_max_ms": round(max(pushed), 1),
    }


async def _heard_without(pubsub: Any, user: str, item: str) -> bool:
    message = await pubsub.get_message(timeout=1.0)
    if message is None or message["type"] != "message":
        return False
    event = RecommendationsEvent.model_validate_json(message["data"])
    return event.user_id == user and item not in {pick.item.id for pick in event.picks.get(Kind.MUSIC, [])}


async def run(addresses: Addresses, concurrency: int, calls: int) -> dict[str, Any]:
    """Every measurement."""
    draw = random.Random(1)
    users = [f"person-{n}" for n in range(PEOPLE)]
    report: dict[str, Any] = {}
    async with Redis.from_url(addresses.redis_url, decode_responses=True) as redis:
        for user in users:
            await _show_mood(redis, user, made_up_mood(draw))
        async with recommenders_running(addresses), _stub(addresses) as stub:
            await tell_likes(stub, users, draw)
            fresh = fresh_calls(users, draw)[:calls]
        async with recommenders_running(addresses) as service, _stub(addresses) as stub:
            strangers = [asking(f"stranger-{n}", mood=MoodState.HAPPY) for n in range(PEOPLE)]
            report["first_call"] = await measured(stub, service, [asking(user) for user in users], concurrency)
            report["fresh"] = await measured(stub, service, fresh, concurrency)
            report["again"] = await measured(stub, service, fresh[: len(fresh) // 2], concurrency)
            report["strangers"] = await measured(stub, service, strangers, concurrency)
            report["feedback"] = await feedback_to_ranking(stub, redis, users)
            report["memory_mb"] = [round(each.memory_info().rss / 2**20) for each in service]
        async with (
            recommenders_running(addresses, RECOMMENDER_CANDIDATES="0") as service,
            _stub(addresses) as stub,
        ):
            await measured(stub, service, [asking(user) for user in users], concurrency)
            report["every_item_scored"] = await measured(stub, service, fresh[: len(fresh) // 4], concurrency)
    return report


async def _show_mood(redis: Redis, user: str, mood: Mood) -> None:
    event = MoodEvent(
        event_id=user, user_id=user, session_id="s", mood=mood, reason=EventReason.CHANGE, at=datetime.now(UTC)
    )
    await redis.set(mood_key(user), event.model_dump_json())


@asynccontextmanager
async def _stub(addresses: Addresses) -> AsyncGenerator[RecommenderServiceStub]:
    target = "ipv4:" + ",".join(f"{LOOPBACK}:{port}" for port in addresses.ports)
    async with grpc.aio.insecure_channel(target, [("grpc.lb_policy_name", "round_robin")]) as channel:
        yield RecommenderServiceStub(channel)


def main(
    items: Annotated[int, typer.Option(min=1000, help="Songs beside the starter catalogue.")] = 100_000,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls at a time.")] = 16,
    calls: Annotated[int, typer.Option(min=100, help="Of the measurement that counts.")] = 4000,
    recommenders: Annotated[int, typer.Option(min=1, help="Processes of the service, which share the calls.")] = 1,
    folder: Annotated[Path | None, typer.Option(help="Keep the database here, and use one that is there.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure; prints one JSON object, indented unless --json."""
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        with redis_running(home) as redis_url:
            addresses = Addresses(home, redis_url, free_ports(recommenders))
            if not (home / "songs.csv").exists():
                prepare(addresses, items)
            report = {"items": items, "recommenders": recommenders, "concurrency": concurrency, "cores": os.cpu_count()}
            report |= asyncio.run(run(addresses, concurrency, calls))
    typer.echo(json.dumps(report, indent=None if as_json else 2))


if __name__ == "__main__":
    typer.run(main)
