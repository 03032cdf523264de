"""What an operator sees, and nobody else."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.events import EMOTION_WORKERS_KEY
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from services.gateway.accounts.opening import add_operator
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, browser, code_of, guest
from tests.gateway.stand_ins import FakeRecommender, until_subscribed

STATUS = "/v1/operator/status"


@asynccontextmanager
async def operator(app: FastAPI, settings: GatewaySettings) -> AsyncGenerator[httpx.AsyncClient]:
    add_operator(settings, "root", PASSWORD)
    async with browser(app) as client:
        (await client.post("/v1/session", json={"name": "root", "password": PASSWORD})).raise_for_status()
        yield client


async def test_an_operator_sees_how_the_system_is(guarded: GatewaySettings, redis: Redis):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app):
        await until_subscribed(redis)
        await redis.rpush(HEAVY_QUEUE, "task", "task")  # pyright: ignore[reportGeneralTypeIssues]  (typed for both clients)
        now_s, _ = await redis.time()
        told = {"one": f"2:{now_s}:3", "two": f"5:{now_s - 1}:0", "old": f"1:{now_s}", "gone": f"9:{now_s - 60}:3"}
        for worker, said in told.items():
            await redis.hset(EMOTION_WORKERS_KEY, worker, said)  # pyright: ignore[reportGeneralTypeIssues]
        async with operator(app, guarded) as client:
            status = (await client.get(STATUS)).raise_for_status().json()
    assert status == {
        "dependencies": {name: {"state": "up", "detail": None, "advice": None} for name in ("redis", "recommender")},
        "live_channels": 0,
        "capture_channels": 0,
        "listening_to_moods": 1,
        "emotion_workers": [
            {"streams": 5, "model_version": None},
            {"streams": 2, "model_version": 3},
            {"streams": 1, "model_version": None},
        ],
        "queues": {LIGHT_QUEUE: 0, HEAVY_QUEUE: 2},
        "guests": 1,
        "members": 1,
    }


async def test_an_operator_has_clusters_found_again_once_for_a_key(guarded: GatewaySettings):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), operator(app, guarded) as client:
        for duplicate in (False, True):
            sent = await client.post("/v1/operator/clusters", headers={"Idempotency-Key": "k"})
            assert (sent.status_code, sent.json()) == (202, {"task_id": "k", "duplicate": duplicate})
        await client.post("/v1/operator/clusters")
        assert len((await client.get("/v1/operator/tasks")).json()) == 2
        assert (await client.get("/v1/operator/tasks", params={"count": 1, "state": "failed"})).json() == []


async def test_an_operator_follows_an_import(guarded: GatewaySettings, recommender: FakeRecommender):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), operator(app, guarded) as client:
        order = {"kind": "music", "file": "songs.csv"}
        sent = (await client.post("/v1/operator/imports", json=order)).raise_for_status().json()
        recommender.tasks[0].MergeFrom(pb.Task(state="running", done=2**40, total=2**41))
        (task,) = (await client.get("/v1/operator/tasks", params={"state": "running"})).json()
        assert (task["id"], task["done"], task["total"]) == (sent["task_id"], 2**40, 2**41)
        elsewhere = await client.post("/v1/operator/imports", json=order | {"file": "../songs.csv"})
        assert code_of(elsewhere, 422) == "not_in_import_folder"
        assert (await client.get("/v1/operator/workers")).json() == [
            {"name": "celery@here", "queues": ["emoverse.light"], "running": 1}
        ]


@pytest.mark.parametrize("path", ["status", "workers", "tasks"])
async def test_nobody_else_sees_any_of_it(guarded: GatewaySettings, path: str):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app) as (client, _), browser(app) as stranger:
        assert code_of(await client.get(f"/v1/operator/{path}"), 403) == "forbidden"
        assert code_of(await stranger.get(f"/v1/operator/{path}"), 401) == "session_missing"


@pytest.mark.parametrize("path", ["clusters", "imports"])
async def test_nobody_else_sends_tasks(guarded: GatewaySettings, recommender: FakeRecommender, path: str):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app) as (client, _), browser(app) as stranger:
        body = {"kind": "music", "file": "songs.csv"}
        assert code_of(await client.post(f"/v1/operator/{path}", json=body), 403) == "forbidden"
        assert code_of(await stranger.post(f"/v1/operator/{path}", json=body), 401) == "session_missing"
    assert recommender.tasks == []
