"""Against a real Redis server."""

import asyncio

import pytest
from pydantic import BaseModel
from redis.exceptions import RedisError

from servicekit.pubsub import open_redis, subscribe, unavailable


class Note(BaseModel):
    text: str


async def wait_for_subscriber(redis_url: str, channel: str, count: int = 1) -> None:
    async with open_redis(redis_url) as redis, asyncio.timeout(10):
        while dict(await redis.pubsub_numsub(channel)).get(channel) != count:
            pass


async def test_events_arrive_in_order_and_malformed_ones_are_skipped(redis_url: str):
    async with open_redis(redis_url) as redis, asyncio.timeout(20):
        events = subscribe(redis, "notes", Note)
        first = asyncio.ensure_future(anext(events))
        await wait_for_subscriber(redis_url, "notes")
        for data in ('{"text": "one"}', "not json", '{"words": 2}', '{"text": "two", "from": "a newer version"}'):
            await redis.publish("notes", data)
        assert [(await first).text, (await anext(events)).text] == ["one", "two"]
        await events.aclose()


@pytest.mark.parametrize("data", [b"\xff\xfe", b'{"text": "\xff"}', b"", b"[" * 100_000, b"null"])
async def test_whatever_somebody_else_publishes_the_subscription_goes_on(redis_url: str, data: bytes):
    async with open_redis(redis_url) as redis, asyncio.timeout(20):
        events = subscribe(redis, "notes", Note)
        first = asyncio.ensure_future(anext(events))
        await wait_for_subscriber(redis_url, "notes")
        await redis.publish("notes", data)
        await redis.publish("notes", '{"text": "two"}')
        heard = await first
        assert heard.text in {"two", "\ufffd"}
        await events.aclose()


async def test_a_lost_connection_is_made_again(redis_url: str):
    async with open_redis(redis_url) as redis, asyncio.timeout(20):
        events = subscribe(redis, "notes", Note)
        first = asyncio.ensure_future(anext(events))
        await wait_for_subscriber(redis_url, "notes")
        await redis.client_kill_filter(_type="pubsub")
        while not first.done():
            await redis.publish("notes", '{"text": "again"}')
        assert (await first).text == "again"
        await events.aclose()


async def test_a_redis_that_is_not_there_fails_soon_and_says_what_to_do():
    async with open_redis("redis://127.0.0.1:1/0") as redis:
        with pytest.raises(RedisError) as caught:
            await redis.ping()
    assert "REDIS_URL" in unavailable(caught.value).advice
