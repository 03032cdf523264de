"""Against a real Redis server."""

import asyncio
import errno
import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from redis.exceptions import RedisError

from servicekit import pubsub
from servicekit.pubsub import open_redis, subscribe, unavailable
from standalone.ports import LOOPBACK, free_ports
from standalone.redis_server import RedisServer, resolve_redis
from tests.conftest import RunRedis

NAME = "redis.test"


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


@pytest.mark.parametrize("falls_silent", [False, True])
async def test_a_redis_that_comes_back_at_another_address_is_found(
    run_redis: RunRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, falls_silent: bool
):
    port, addresses, look_up = free_ports(1)[0], {NAME: "127.0.0.1"}, socket.getaddrinfo

    def found(host: str, *rest: Any, **how: Any) -> Any:
        return look_up(addresses.get(host, host), *rest, **how)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(pubsub, "PING_INTERVAL_S", 0.2)
    with ExitStack() as after, ExitStack() as running:
        here = running.enter_context(run_redis(redis_at("127.0.0.1", port, tmp_path)))
        async with open_redis(f"redis://{NAME}:{port}/0") as redis, asyncio.timeout(20):
            events = subscribe(redis, "notes", Note)
            first = asyncio.ensure_future(anext(events))
            await wait_for_subscriber(here, "notes")
            if falls_silent:
                process = (await redis.info())["process_id"]
                after.push(running.pop_all())
                after.callback(os.kill, process, signal.SIGCONT)
                os.kill(process, signal.SIGSTOP)
            running.close()
            addresses[NAME] = "127.0.0.2"
            there = running.enter_context(run_redis(redis_at("127.0.0.2", port, tmp_path)))
            await wait_for_subscriber(there, "notes")
            async with open_redis(there) as publisher:
                await publisher.publish("notes", '{"text": "from there"}')
            assert (await first).text == "from there"
            await events.aclose()


async def test_a_connection_that_the_kernel_gives_up_is_made_again(redis_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pubsub, "PING_INTERVAL_S", 30.0)
    async with open_redis(redis_url) as redis, asyncio.timeout(20):
        events = subscribe(redis, "notes", Note)
        first = asyncio.ensure_future(anext(events))
        await wait_for_subscriber(redis_url, "notes")
        pool: Any = redis.connection_pool
        (connection,) = pool._in_use_connections
        connection._writer.transport._fatal_error(TimeoutError(errno.ETIMEDOUT, "Connection timed out"))
        while not first.done():
            await redis.publish("notes", '{"text": "again"}')
        assert (await first).text == "again"
        await events.aclose()


def redis_at(address: str, port: int, folder: Path) -> RedisServer:
    own = resolve_redis(None, folder, port)
    command = tuple(address if part == LOOPBACK else part for part in own.command)
    return RedisServer(own.url.replace(LOOPBACK, address), command)


async def test_a_redis_that_is_not_there_fails_soon_and_says_what_to_do():
    async with open_redis("redis://127.0.0.1:1/0") as redis:
        with pytest.raises(RedisError) as caught:
            await redis.ping()
    assert "REDIS_URL" in unavailable(caught.value).advice
