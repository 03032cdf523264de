"""`python -m benchmarks.gateway`: requests a second of the gateway, and how late an event reaches its live listeners.

It measures a whole stack of its own, as `make run` starts it, through the gateway's port; or the one at --url.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import uuid4

import httpx
import typer
from pydantic import BaseModel
from redis.asyncio import Redis

from benchmarks.measurement import Percentiles
from benchmarks.private_stack import gateway_stack
from contracts.events import MOODS_CHANNEL, EventReason, MoodEvent
from contracts.mood import Mood, MoodState
from servicekit.errors import EmoVerseError
from servicekit.pubsub import open_redis

CONCURRENCY: Final = 32
LISTENERS: Final = 1000
EVENTS: Final = 10
SETTLE_S: Final = 2.0
SNAPSHOT_TIMEOUT_S: Final = 180.0


class Rate(BaseModel):
    """One kind of request."""

    requests_per_s: float
    latency_ms: Percentiles
    failed: int


class Delivery(BaseModel):
    """Events to live listeners."""

    listeners: int
    events: int
    latency_ms: Percentiles
    """From event published to event received, of every listener."""
    missed: int


class Report(BaseModel):
    """All figures."""

    concurrency: int
    seconds: float
    cached_lists: Rate
    """The same list again and again, by people of whom everything is known."""
    fresh_lists: Rate
    """The first list of somebody never heard of."""
    feedback: Rate
    delivery: Delivery


Ask = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]


async def rate_of(url: str, ask: Ask, seconds: float) -> Rate:
    """Ask over `CONCURRENCY` connections, each again as soon as it was answered."""
    latencies_ms: list[float] = []
    failed = 0
    ends_s = time.perf_counter() + seconds
    numbers = iter(range(10**9))

    async def go_on() -> None:
        nonlocal failed
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            while (began_s := time.perf_counter()) < ends_s:
                failed += not (await ask(client, next(numbers))).is_success
                latencies_ms.append(1000 * (time.perf_counter() - began_s))

    await asyncio.gather(*(go_on() for _ in range(CONCURRENCY)))
    return Rate(
        requests_per_s=round(len(latencies_ms) / seconds, 1), latency_ms=Percentiles.of(latencies_ms), failed=failed
    )


def list_of(client: httpx.AsyncClient, user_id: str) -> Awaitable[httpx.Response]:
    """Ten songs for somebody."""
    return client.get(f"/v1/users/{user_id}/recommendations", params={"kind": "music"})


async def rates(url: str, seconds: float) -> tuple[Rate, Rate, Rate]:
    """Cached lists, fresh lists, feedback."""
    run = uuid4().hex[:8]
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        picks = (await list_of(client, f"{run}-known")).raise_for_status().json()["picks"]
    items = [pick["item"]["id"] for pick in picks]

    def feedback(client: httpx.AsyncClient, number: int) -> Awaitable[httpx.Response]:
        body = {"item_id": items[number % len(items)], "action": "like"}
        return client.post(f"/v1/users/{run}-{number % CONCURRENCY}/feedback", json=body)

    cached = await rate_of(url, lambda client, number: list_of(client, f"{run}-known-{number % 8}"), seconds)
    fresh = await rate_of(url, lambda client, number: list_of(client, f"{run}-new-{number}"), seconds)
    return cached, fresh, await rate_of(url, feedback, seconds)


class Listeners:
    """Live channels of one person, each on a connection of its own."""

    def __init__(self) -> None:
        self.sent_s: dict[str, float] = {}
        self.latencies_ms: list[float] = []
        self._heard = asyncio.Event()

    async def listen(self, port: int, user_id: str, opened: asyncio.Semaphore) -> None:
        """Open a channel, say so, and note how late each event comes, for ever. Plain sockets, so that a thousand
        clients leave the processors to the gateway."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(f"GET /v1/users/{user_id}/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        is_open = False
        try:
            while line := await reader.readline():
                if not is_open and line.startswith(b"event: recommendations"):
                    is_open = True
                    opened.release()
                elif line.startswith(b"id: ") and (sent_s := self.sent_s.get(line[4:].strip().decode())):
                    self.latencies_ms.append(1000 * (time.perf_counter() - sent_s))
        finally:
            writer.close()


async def delivery(url: str, redis: Redis, listeners: int) -> Delivery:
    """Publish moods, and see when each listener hears of them."""
    user_id, port = f"{uuid4().hex[:8]}-watched", httpx.URL(url).port or 80
    subject, opened = Listeners(), asyncio.Semaphore(0)
    tasks = [asyncio.create_task(subject.listen(port, user_id, opened)) for _ in range(listeners)]
    try:
        async with asyncio.timeout(SNAPSHOT_TIMEOUT_S):
            for _ in range(listeners):
                await opened.acquire()
        await asyncio.sleep(SETTLE_S)
        for _ in range(EVENTS):
            event = mood_of(user_id)
            subject.sent_s[event.event_id] = time.perf_counter()
            await redis.publish(MOODS_CHANNEL, event.model_dump_json())
            await asyncio.sleep(SETTLE_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Delivery(
        listeners=listeners, events=EVENTS, latency_ms=Percentiles.of(subject.latencies_ms),
        missed=listeners * EVENTS - len(subject.latencies_ms),
    )  # fmt: skip


def mood_of(user_id: str) -> MoodEvent:
    """A mood as the emotion service publishes it."""
    now = datetime.now(UTC)
    mood = Mood(state=MoodState.ABSENT, since=now)
    return MoodEvent(
        event_id=uuid4().hex, user_id=user_id, session_id="benchmark", mood=mood, reason=EventReason.HEARTBEAT, at=now
    )


async def measure(seconds: float, listeners: int) -> Report:
    """Everything, on a stack of our own."""
    async with AsyncExitStack() as stack:
        url, redis_url = await stack.enter_async_context(gateway_stack())
        redis = await stack.enter_async_context(open_redis(redis_url))
        cached, fresh, feedback = await rates(url, seconds)
        return Report(
            concurrency=CONCURRENCY, seconds=seconds, cached_lists=cached, fresh_lists=fresh, feedback=feedback,
            delivery=await delivery(url, redis, listeners),
        )  # fmt: skip


def main(
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each kind of request is measured.")] = 10.0,
    listeners: Annotated[int, typer.Option(min=1, help="Live channels that are open at once.")] = LISTENERS,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure the gateway with everything behind it."""
    try:
        report = asyncio.run(measure(seconds, listeners))
    except EmoVerseError as error:
        sys.exit(str(error))
    typer.echo(report.model_dump_json(indent=None if json else 2))


if __name__ == "__main__":
    typer.run(main)
