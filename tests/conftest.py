"""What every room's tests may use: a real Redis, and a PostgreSQL where there is one."""

import logging
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import stamina
import structlog
from hypothesis import settings
from redis import Redis
from redis.exceptions import RedisError

from standalone.ports import free_ports
from standalone.redis_server import RedisServer, resolve_redis
from tests.postgresql import postgresql_programs

READY_TIMEOUT_S = 20.0

# How long an example takes is the machine's affair.
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

RunRedis = Callable[[RedisServer], AbstractContextManager[str]]


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """What a test configures, as a command does that it runs, ends with it."""
    root = logging.getLogger()
    level = root.level
    yield
    ours = [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]
    if ours:
        root.handlers = [each for each in root.handlers if each not in ours]
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        stamina.instrumentation.set_on_retry_hooks(None)


@contextmanager
def running(server: RedisServer) -> Generator[str]:
    """Run the server, unless somebody else does; yields its URL once it answers."""
    if not server.command:
        yield server.url
        return
    with subprocess.Popen(server.command, stdout=subprocess.DEVNULL) as process:
        try:
            ping(server.url)
            yield server.url
        finally:
            process.terminate()


@stamina.retry(on=RedisError, attempts=None, timeout=READY_TIMEOUT_S, wait_initial=0.02, wait_max=0.2)
def ping(url: str) -> None:
    with Redis.from_url(url) as client:
        client.ping()


@pytest.fixture(scope="session")
def run_redis() -> RunRedis:
    """Runs a `RedisServer` for as long as the returned context is open."""
    return running


@pytest.fixture(scope="session")
def shared_redis_url(run_redis: RunRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of the tests' own, never the one in REDIS_URL: the tests empty it."""
    folder = tmp_path_factory.mktemp("redis")
    with run_redis(resolve_redis(None, folder, free_ports(1)[0])) as url:
        yield url


@pytest.fixture
def redis_url(shared_redis_url: str) -> str:
    """The URL of a real, empty Redis."""
    with Redis.from_url(shared_redis_url) as client:
        client.flushall()
    return shared_redis_url


@pytest.fixture(scope="session")
def postgresql_folder() -> Path:
    """Where PostgreSQL's programs are."""
    return postgresql_programs() or pytest.skip("PostgreSQL's initdb is not installed")
