"""A gateway over a real Redis and a real gRPC server; only the ranking behind the server is a stand-in."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from redis.asyncio import Redis

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


@pytest.fixture
async def settings(redis_url: str, recommender: FakeRecommender) -> AsyncGenerator[GatewaySettings]:
    async with running(recommender) as address:
        yield GatewaySettings(redis_url=redis_url, recommender_address=address, port=0)


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
