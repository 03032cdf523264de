"""What an operator sees, and nobody else."""

from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from services.gateway.accounts.opening import add_operator
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, browser, code_of, guest
from tests.gateway.stand_ins import until_subscribed

STATUS = "/v1/operator/status"


async def signed_in_operator(app: FastAPI, settings: GatewaySettings) -> dict[str, object]:
    add_operator(settings, "root", PASSWORD)
    async with browser(app) as client:
        (await client.post("/v1/session", json={"name": "root", "password": PASSWORD})).raise_for_status()
        return (await client.get(STATUS)).raise_for_status().json()


async def test_an_operator_sees_how_the_system_is(guarded: GatewaySettings, redis: Redis):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app):
        await until_subscribed(redis)
        await redis.rpush(HEAVY_QUEUE, "task", "task")  # pyright: ignore[reportGeneralTypeIssues]  (typed for both clients)
        status = await signed_in_operator(app, guarded)
    assert status == {
        "dependencies": {name: {"state": "up", "detail": None, "advice": None} for name in ("redis", "recommender")},
        "live_channels": 0,
        "capture_channels": 0,
        "listening_to_moods": 1,
        "queues": {LIGHT_QUEUE: 0, HEAVY_QUEUE: 2},
        "guests": 1,
        "members": 1,
    }


async def test_nobody_else_sees_it(guarded: GatewaySettings):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app) as (client, _), browser(app) as stranger:
        assert code_of(await client.get(STATUS), 403) == "forbidden"
        assert code_of(await stranger.get(STATUS), 401) == "session_missing"
