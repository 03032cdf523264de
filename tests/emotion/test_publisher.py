"""Moods on a real Redis, there or not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from contracts.events import MOODS_CHANNEL, EventReason, MoodEvent, mood_key
from contracts.mood import Mood, MoodState
from servicekit.background import in_background
from servicekit.pubsub import open_redis, subscribe
from services.emotion.publisher import MoodPublisher
from standalone.ports import free_ports
from standalone.redis_server import resolve_redis
from tests.conftest import RunRedis
from tests.emotion.support import until

START = datetime(2026, 1, 1, tzinfo=UTC)
TTL_S = 90


def event(
    state: MoodState, reason: EventReason = EventReason.CHANGE, user_id: str = "ada", seconds: int = 0
) -> MoodEvent:
    at = START + timedelta(seconds=seconds)
    mood = Mood(state=state, since=START)
    return MoodEvent(event_id=f"e{seconds}", user_id=user_id, session_id="s", mood=mood, reason=reason, at=at)


@asynccontextmanager
async def publishing(url: str) -> AsyncGenerator[tuple[MoodPublisher, Redis]]:
    async with open_redis(url) as redis, asyncio.timeout(20):
        publisher = MoodPublisher(redis, TTL_S)
        async with publisher.running():
            yield publisher, redis


@asynccontextmanager
async def listening(url: str) -> AsyncGenerator[asyncio.Queue[MoodEvent]]:
    """What arrives on the channel."""
    heard: asyncio.Queue[MoodEvent] = asyncio.Queue()

    async def listen(redis: Redis) -> None:
        async for one in subscribe(redis, MOODS_CHANNEL, MoodEvent):
            heard.put_nowait(one)

    async def is_listening() -> bool:
        return bool((await redis.pubsub_numsub(MOODS_CHANNEL))[0][1])

    async with open_redis(url) as redis, in_background(listen(redis)):
        await until(is_listening)
        yield heard


async def test_an_event_is_heard_and_kept_for_a_while(redis_url: str):
    async with listening(redis_url) as heard, publishing(redis_url) as (publisher, redis):
        happy = event(MoodState.HAPPY)
        publisher.offer(happy)
        assert await heard.get() == happy
        assert await publisher.latest("ada") == happy
        assert 0 < await redis.ttl(mood_key("ada")) <= TTL_S


async def test_nobody_has_a_mood_before_the_first(redis_url: str):
    async with publishing(redis_url) as (publisher, _):
        assert await publisher.latest("ada") is None


async def test_a_kept_mood_that_cannot_be_read_is_none(redis_url: str):
    async with publishing(redis_url) as (publisher, redis):
        await redis.set(mood_key("ada"), "{}")
        assert await publisher.latest("ada") is None


async def test_while_redis_is_away_nothing_waits_and_the_newest_is_published_when_it_is_back(
    run_redis: RunRedis, tmp_path: Path
):
    server = resolve_redis(None, tmp_path, free_ports(1)[0])
    async with publishing(server.url) as (publisher, redis):
        assert await publisher.latest("ada") is None
        publisher.offer(event(MoodState.HAPPY))
        publisher.offer(event(MoodState.HAPPY, EventReason.HEARTBEAT, seconds=5))
        publisher.offer(event(MoodState.SAD, user_id="bob"))
        with run_redis(server):
            await until(lambda: publisher.waiting == 0)
            assert await redis.exists(mood_key("bob"))
            kept = await publisher.latest("ada")
    assert kept
    assert kept.event_id == "e5"
    assert kept.reason is EventReason.CHANGE


async def test_what_waits_at_the_end_gets_one_more_chance(redis_url: str):
    async with publishing(redis_url) as (publisher, _):
        publisher.offer(event(MoodState.HAPPY))
    async with open_redis(redis_url) as redis:
        assert await redis.exists(mood_key("ada"))


async def test_without_redis_the_end_is_not_held_up():
    async with publishing(f"redis://127.0.0.1:{free_ports(1)[0]}/0") as (publisher, _):
        publisher.offer(event(MoodState.HAPPY))


@pytest.mark.parametrize("reason", EventReason)
async def test_a_later_event_keeps_its_own_reason_once_the_change_is_out(redis_url: str, reason: EventReason):
    async with listening(redis_url) as heard, publishing(redis_url) as (publisher, _):
        publisher.offer(event(MoodState.HAPPY))
        await heard.get()
        await until(lambda: publisher.waiting == 0)
        publisher.offer(event(MoodState.HAPPY, reason, seconds=5))
        assert (await heard.get()).reason is reason


async def test_nothing_is_published_any_more_of_who_is_to_be_forgotten(redis_url: str):
    async with listening(redis_url) as heard, publishing(redis_url) as (publisher, _):
        publisher.offer(event(MoodState.HAPPY))
        publisher.offer(event(MoodState.SAD, user_id="bob"))
        publisher.forget("ada")
        assert (await heard.get()).user_id == "bob"
        assert heard.empty()
    async with open_redis(redis_url) as redis:
        assert not await redis.exists(mood_key("ada"))
