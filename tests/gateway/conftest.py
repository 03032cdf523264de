"""A gateway over a real Redis and a real gRPC server; only the ranking behind the server is a stand-in."""

import shutil
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from servicekit.migration import migrate, when_reachable
from services.gateway.accounts.schema import MIGRATIONS
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import FakeRecommender, client_of, running, until_subscribed


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def recommender() -> FakeRecommender:
    return FakeRecommender()


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as `migrate` leaves it, to be copied."""
    path = tmp_path_factory.mktemp("gateway") / "prepared.db"
    when_reachable(f"sqlite:///{path}", partial(migrate, migrations=MIGRATIONS))
    return path


@pytest.fixture
def database_url(prepared_database: Path, tmp_path: Path) -> str:
    """A database of the test's own, with no account in it."""
    shutil.copy(prepared_database, tmp_path / "gateway.db")
    return f"sqlite:///{tmp_path}/gateway.db"


@pytest.fixture
async def guarded(redis_url: str, database_url: str, recommender: FakeRecommender) -> AsyncGenerator[GatewaySettings]:
    """A gateway where everybody needs a session."""
    async with running(recommender) as address:
        yield GatewaySettings(redis_url=redis_url, database_url=database_url, recommender_address=address, port=0)


@pytest.fixture
def settings(guarded: GatewaySettings) -> GatewaySettings:
    """A gateway that is open to this machine, as `make run` starts it."""
    return guarded.model_copy(update={"open": True})


@pytest.fixture
async def client(settings: GatewaySettings) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(create_app(settings)) as client:
        yield client


@pytest.fixture
async def gateway_url(settings: GatewaySettings, redis: Redis) -> AsyncGenerator[str]:
    """A gateway that listens on a real port and on Redis."""
    async with serving(create_app(settings), settings) as port:
        await until_subscribed(redis)
        yield f"http://127.0.0.1:{port}"
