"""The gateway's benchmark, on a gateway in this process whose recommender is a stand-in."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import pytest

from benchmarks import gateway as benchmark
from servicekit.migration import migrate, when_reachable
from servicekit.pubsub import open_redis
from services.gateway.accounts.schema import MIGRATIONS
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import FakeRecommender, running, until_subscribed


@pytest.fixture
async def url(redis_url: str, tmp_path: Path) -> AsyncGenerator[str]:
    database_url = f"sqlite:///{tmp_path}/gateway.db"
    await asyncio.to_thread(when_reachable, database_url, partial(migrate, migrations=MIGRATIONS))
    async with running(FakeRecommender()) as address:
        settings = GatewaySettings(
            redis_url=redis_url, database_url=database_url, recommender_address=address, port=0, open=True
        )
        async with serving(create_app(settings), settings) as port:
            yield f"http://127.0.0.1:{port}"


async def test_it_counts_requests_and_how_long_they_take(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "CONCURRENCY", 4)
    for rate in await benchmark.rates(url, 0.3):
        assert rate.failed == 0
        assert rate.requests_per_s > 4
        assert rate.latency_ms.p95 is not None
        assert 0 < rate.latency_ms.p95 < 5000


async def test_every_listener_hears_every_event(url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "EVENTS", 3)
    monkeypatch.setattr(benchmark, "SETTLE_S", 0.5)
    async with open_redis(redis_url) as redis:
        await until_subscribed(redis)
        delivered = await benchmark.delivery(url, redis, listeners=5)
    assert (delivered.listeners, delivered.events, delivered.missed) == (5, 3, 0)
    assert delivered.latency_ms.p50 is not None
    assert 0 < delivered.latency_ms.p50 < 1000
