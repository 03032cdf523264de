"""Liveness and readiness."""

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import client_of


async def test_ready_when_everything_answers(client: httpx.AsyncClient):
    body = (await client.get("/health/ready")).raise_for_status().json()
    assert body["status"] == "ready"
    assert {name: state["state"] for name, state in body["dependencies"].items()} == {
        "redis": "up",
        "recommender": "up",
    }


@pytest.mark.parametrize(
    ("field", "value", "down"),
    [("redis_url", "redis://127.0.0.1:1", "redis"), ("recommender_address", "127.0.0.1:1", "recommender")],
)
async def test_not_ready_names_what_is_down_while_alive(settings: GatewaySettings, field: str, value: str, down: str):
    async with client_of(create_app(settings.model_copy(update={field: value}))) as client:
        ready = await client.get("/health/ready")
        live = await client.get("/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
    body = ready.json()
    assert body["code"] == "not_ready"
    assert body["advice"]
    assert [name for name, state in body["dependencies"].items() if state["state"] == "down"] == [down]
    assert body["dependencies"][down]["advice"] in body["advice"]
