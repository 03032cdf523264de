"""A PostgreSQL that takes what it is asked and does not answer."""

import asyncio

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse
from sqlalchemy import make_url

from servicekit.database import Database
from services.recommender import app
from services.recommender.app import open_service
from services.recommender.migration import migrate
from services.recommender.settings import RecommenderSettings
from tests.chaos.wire import Wire
from tests.recommender.conftest import wait_for_health
from tests.recommender.support import DEADLINE_S


@pytest.mark.parametrize("fresh_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_silent_makes_the_service_say_so_until_it_answers(
    fresh: Database, fresh_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "ANSWER_TIMEOUT_S", 0.5)
    migrate(fresh)
    url = make_url(fresh_url)
    async with asyncio.timeout(2 * DEADLINE_S):
        with Wire(f"{url.host}:{url.port}") as wire:
            through = url.set(port=int(wire.address.rpartition(":")[2])).render_as_string(hide_password=False)
            changes = {"port": 0, "catalogue_poll_s": 0.05, "redis_url": redis_url, "database_url": through}
            async with (
                open_service(RecommenderSettings.model_validate(changes)) as port,
                grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
            ):
                await wait_for_health(channel, HealthCheckResponse.SERVING)
                wire.silent = True
                await wait_for_health(channel, HealthCheckResponse.NOT_SERVING)
                wire.silent = False
                await wait_for_health(channel, HealthCheckResponse.SERVING)
