"""What a person asks of their data, across the real services: gateway, recommender, Redis and both databases."""

import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.events import RECOMMENDATIONS_CHANNEL, REVOKED_TOKENS_KEY, keys_of_person, mood_key
from servicekit.errors import UnavailableError
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.recommender.app import open_service
from services.recommender.migration import prepare_database
from services.recommender.settings import RecommenderSettings
from tests.gateway.accounts_support import code_of, guest
from tests.gateway.stand_ins import FakeRecommender, mood_event, remember
from tests.gateway.test_accounts import Clock


@pytest.fixture(scope="module")
def prepared_recommender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recommender") / "prepared.db"
    prepare_database(f"sqlite:///{path}")
    return path


@pytest.fixture
async def app(guarded: GatewaySettings, prepared_recommender: Path, tmp_path: Path) -> AsyncGenerator[FastAPI]:
    """A gateway before the real recommender."""
    shutil.copy(prepared_recommender, tmp_path / "recommender.db")
    recommender = RecommenderSettings(
        redis_url=guarded.redis_url, database_url=f"sqlite:///{tmp_path}/recommender.db", port=0
    )
    async with open_service(recommender) as port:
        app = create_app(guarded.model_copy(update={"recommender_address": f"127.0.0.1:{port}"}))
        async with app.router.lifespan_context(app):
            await until_ready(app)
            yield app


async def until_ready(app: FastAPI) -> None:
    async for attempt in stamina.retry_context(on=Exception, attempts=None, timeout=30, wait_max=0.2):
        with attempt:
            await app.state.recommender.check()


async def use(client: httpx.AsyncClient, user_id: str, redis: Redis) -> str:
    """Be seen, get a list, like and review an item; returns the item."""
    await remember(redis, mood_event(user_id))
    listed = (await client.get("/v1/users/me/recommendations?kind=movie")).raise_for_status().json()
    item = listed["picks"][0]["item"]["id"]
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(RECOMMENDATIONS_CHANNEL)
        for path, said in (("feedback", {"action": "like"}), ("reviews", {"text": "Unforgettable."})):
            (await client.post(f"/v1/users/me/{path}", json={"item_id": item} | said)).raise_for_status()
        # The fresh list that the feedback brings about is noted as shown.
        assert user_id in (await anext(aiter(pubsub.listen())))["data"]
    (await client.post("/v1/users/me/devices", json={"name": "desk"})).raise_for_status()
    return item


async def test_a_person_gets_everything_that_every_service_keeps(app: FastAPI, redis: Redis):
    async with guest(app, agrees=True) as (client, user_id):
        item = await use(client, user_id, redis)
        reply = (await client.get("/v1/users/me/export")).raise_for_status()
        assert reply.headers["content-disposition"].startswith("attachment")
        kept: dict[str, Any] = reply.json()
        assert kept["account"]["user_id"] == user_id
        assert [device["name"] for device in kept["devices"]] == ["desk"]
        assert kept["mood"]["mood"]["state"] == "happy"
        assert kept["recommender"]["feedback"][0]["item_id"] == item
        assert kept["recommender"]["review"][0]["text"] == "Unforgettable."


async def test_a_deleted_person_is_nowhere_any_more(
    app: FastAPI, redis: Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with guest(app, agrees=True) as (client, user_id), guest(app) as (other, other_id):
        await use(client, user_id, redis)
        assert (await client.delete("/v1/users/me")).status_code == 204
        assert code_of(await client.get("/v1/users/me"), 401) == "session_missing"
        assert (await other.get("/v1/users/me")).json()["user_id"] == other_id
        # A last mood that was on its way arrives; what it leaves behind goes with the upkeep that follows.
        await remember(redis, mood_event(user_id))
        await app.state.forgetting.tidy(timedelta(days=30), on_its_way=timedelta(0))
    assert await redis.exists(*keys_of_person(user_id)) == 0
    assert not [key async for key in redis.scan_iter(f"*{user_id}*")]
    for name in ("gateway.db", "recommender.db"):
        assert_absent(tmp_path / name, user_id)
    audited = [line for line in capsys.readouterr().out.splitlines() if user_id in line]
    assert any("deleted" in line for line in audited)
    assert not any("Unforgettable" in line for line in audited)


def assert_absent(path: Path, user_id: str) -> None:
    """No text in any table of this SQLite file holds the id."""
    with closing(sqlite3.connect(path)) as connection:
        assert not [line for line in connection.iterdump() if user_id in line]


async def test_guests_who_stay_away_are_forgotten_and_members_are_not(
    guarded: GatewaySettings, recommender: FakeRecommender, redis: Redis
):
    clock = Clock()
    app = create_app(guarded, clock)
    async with app.router.lifespan_context(app), guest(app) as (_, idle), guest(app) as (member, member_id):
        (await member.put("/v1/users/me/login", json={"name": "ada", "password": "a good password"})).raise_for_status()
        clock.now += timedelta(days=31)
        async with guest(app) as (_, fresh):
            await remember(redis, mood_event(idle))
            await app.state.forgetting.tidy(timedelta(days=30))
            left = app.state.accounts.agreements((idle, member_id, fresh)).keys()
    assert left == {member_id, fresh}
    assert await redis.get(mood_key(idle)) is None


async def test_a_failure_leaves_the_account_so_that_one_can_ask_again(
    guarded: GatewaySettings, recommender: FakeRecommender
):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app) as (client, user_id):
        recommender.error = UnavailableError("The database does not answer.", "Wait.", code="database_unavailable")
        assert code_of(await client.delete("/v1/users/me"), 503) == "database_unavailable"
        assert (await client.get("/v1/users/me")).json()["user_id"] == user_id
        recommender.error = None
        assert (await client.delete("/v1/users/me")).status_code == 204


async def test_a_redis_that_lost_its_memory_learns_again_which_tokens_to_refuse(guarded: GatewaySettings, redis: Redis):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app, agrees=True) as (client, _):
        device = (await client.post("/v1/users/me/devices", json={"name": "desk"})).json()["device"]
        (await client.delete(f"/v1/users/me/devices/{device['id']}")).raise_for_status()
        await redis.flushall()
        await app.state.forgetting.tidy(timedelta(days=30))
        assert await redis.smembers(REVOKED_TOKENS_KEY) == {device["id"]}
