"""Every route, whatever will be added: nobody reads or writes what is somebody else's."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Mount, Route

from services.gateway.access import owned, principal
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import browser, code_of, guest

PUBLIC = {
    "GET /v1/settings",
    "POST /v1/guests",
    "POST /v1/session",
    "GET /v1/kinds",
    "GET /v1/clusters",
    "GET /v1/clusters/{kind}",
    "GET /v1/clusters/{kind}/picture",
    "GET /health/live",
    "GET /health/ready",
}
"""Everybody's, and about nobody."""

FILLED = {"user_id": "{user_id}", "device_id": "0" * 32}
"""A value for every other parameter of a path."""


class Call(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: FastAPI) -> Iterator[APIRoute | APIWebSocketRoute]:
    """Every route that has anything to do with a person's data: pages and documentation have not."""
    for route in flattened(app.routes):
        if isinstance(route, APIRoute | APIWebSocketRoute) and route.path.startswith(("/v1", "/health")):
            yield route
        else:
            assert isinstance(route, Mount | Route), route


def flattened(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from flattened(inner.routes)


def dependencies(route: APIRoute | APIWebSocketRoute) -> set[Any]:
    found: set[Any] = set()
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting += dependant.dependencies
    return found


def calls_about_a_person(app: FastAPI) -> list[Call]:
    return [
        Call(method, route.path.format(**FILLED))
        for route in routes(app)
        if isinstance(route, APIRoute) and "{user_id}" in route.path
        for method in sorted(route.methods or ())
    ]


DESCRIBED = create_app(GatewaySettings())


@pytest.fixture
async def app(guarded: GatewaySettings) -> AsyncGenerator[FastAPI]:
    app = create_app(guarded)
    async with app.router.lifespan_context(app):
        yield app


def test_every_route_is_public_or_asks_who_is_there():
    seen = list(routes(DESCRIBED))
    assert len(seen) > 20
    for route in seen:
        methods = (isinstance(route, APIRoute) and route.methods) or {"WEBSOCKET"}
        if {f"{method} {route.path}" for method in methods} <= PUBLIC:
            continue
        assert principal in dependencies(route), f"{route.path} does not ask who is there"
        if "{user_id}" in route.path:
            assert owned in dependencies(route), f"{route.path} does not ask whose it is"


@pytest.mark.parametrize("call", calls_about_a_person(DESCRIBED), ids=str)
async def test_a_second_person_can_do_nothing_with_what_is_the_firsts(app: FastAPI, call: Call):
    async with guest(app, agrees=True) as (ada, ada_id), guest(app, agrees=True) as (mallory, _):
        before = await everything_of(ada)
        reply = await mallory.request(call.method, call.path.format(user_id=ada_id))
        assert code_of(reply, 403) == "forbidden"
        assert ada_id not in reply.text
        assert await everything_of(ada) == before


@pytest.mark.parametrize("call", calls_about_a_person(DESCRIBED), ids=str)
async def test_without_a_session_nothing_can_be_done(app: FastAPI, call: Call):
    async with guest(app) as (_, ada_id), browser(app) as stranger:
        for user_id in (ada_id, "me", "ada"):
            reply = await stranger.request(call.method, call.path.format(user_id=user_id))
            assert code_of(reply, 401) == "session_missing"


async def everything_of(client: Any) -> Any:
    return (await client.get("/v1/users/me/export")).raise_for_status().json()
