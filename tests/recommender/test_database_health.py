"""What the service says of itself while its database misbehaves."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse
from sqlalchemy import make_url, text

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from servicekit.database import Database
from services.recommender import app
from services.recommender.app import open_service
from services.recommender.migration import migrate
from services.recommender.revision import raise_revision
from services.recommender.settings import RecommenderSettings
from tests.chaos.wire import Wire
from tests.recommender.conftest import wait_for_health
from tests.recommender.support import DEADLINE_S


@asynccontextmanager
async def opened(redis_url: str, database_url: str) -> AsyncGenerator[grpc.aio.Channel]:
    changes = {"port": 0, "catalogue_poll_s": 0.05, "redis_url": redis_url, "database_url": database_url}
    async with (
        asyncio.timeout(2 * DEADLINE_S),
        open_service(RecommenderSettings.model_validate(changes)) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


@pytest.mark.parametrize("fresh_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_silent_makes_the_service_say_so_until_it_answers(
    fresh: Database, fresh_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "ANSWER_TIMEOUT_S", 0.5)
    migrate(fresh)
    url = make_url(fresh_url)
    with Wire(f"{url.host}:{url.port}") as wire:
        through = url.set(port=int(wire.address.rpartition(":")[2])).render_as_string(hide_password=False)
        async with opened(redis_url, through) as channel:
            await wait_for_health(channel, HealthCheckResponse.SERVING)
            wire.silent = True
            await wait_for_health(channel, HealthCheckResponse.NOT_SERVING)
            wire.silent = False
            await wait_for_health(channel, HealthCheckResponse.SERVING)


async def test_a_catalogue_that_cannot_be_read_is_read_when_it_can(
    database: Database, database_url: str, redis_url: str
):
    def set_genres(genres: str) -> None:
        with database.writing() as connection:
            connection.execute(text("update item set genres = :genres"), {"genres": genres})

    set_genres("no list")
    async with opened(redis_url, database_url) as channel:
        request = pb.RecommendRequest(user_id="ada", kind="music")
        with pytest.raises(grpc.aio.AioRpcError, match="unexpectedly"):
            await RecommenderServiceStub(channel).Recommend(request, timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        set_genres("[]")
        await wait_for_health(channel, HealthCheckResponse.SERVING)


async def test_a_catalogue_that_cannot_be_read_after_an_outage_leaves_the_one_before_it_serving(
    database: Database, database_url: str, redis_url: str
):
    def rename(before: str, after: str) -> None:
        with database.writing() as connection:
            connection.execute(text(f"alter table {before} rename to {after}"))

    async with opened(redis_url, database_url) as channel:
        await wait_for_health(channel, HealthCheckResponse.SERVING)
        rename("alembic_version", "away")
        await wait_for_health(channel, HealthCheckResponse.NOT_SERVING)
        with database.writing() as connection:
            connection.execute(text("update item set genres = 'no list'"))
            raise_revision(connection)
        rename("away", "alembic_version")
        await wait_for_health(channel, HealthCheckResponse.SERVING)
