"""Who may do what over HTTP: a table of every route against everybody, tried cell by cell.

A route that is not in the table fails; so does one in the table that is no more.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Mount, Route

from services.gateway.access import COOKIE, owned, principal
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, browser, code_of, guest

DEMO = "drawn"
ENDLESS_S = 0.3
"""After so long without a refusal, whoever asked is in."""


class Who(StrEnum):
    """Everybody there is."""

    NOBODY = "nobody"
    GUEST = "guest"
    """In a session, about themselves, without having agreed."""
    AGREED = "agreed"
    """The same, and agreed that pictures are looked at."""
    OTHER = "other"
    """In a session, about somebody else."""
    DEVICE = "device"
    """With a device's good token where a session's is expected."""
    OPERATOR = "operator"
    """About somebody else."""


class Row(NamedTuple):
    """What each gets: 200 stands for being let in, whatever comes of it."""

    nobody: int
    guest: int
    agreed: int
    other: int
    device: int
    operator: int


EVERYBODYS = Row(200, 200, 200, 200, 200, 200)
A_PERSONS = Row(401, 200, 200, 403, 401, 200)
ONES_OWN = Row(401, 200, 200, 200, 401, 200)
"""Of whoever asks, and so of nobody else."""
OPERATORS = Row(401, 403, 403, 403, 401, 200)
PICTURES = Row(401, 403, 200, 403, 401, 403)
"""The one before the camera, who agreed; the others here did not."""

TABLE = {
    "GET /health/live": EVERYBODYS,
    "GET /health/ready": EVERYBODYS,
    "GET /v1/settings": EVERYBODYS,
    "GET /v1/kinds": EVERYBODYS,
    "GET /v1/clusters": EVERYBODYS,
    "GET /v1/clusters/{kind}": EVERYBODYS,
    "GET /v1/clusters/{kind}/picture": EVERYBODYS,
    "POST /v1/guests": EVERYBODYS,
    "POST /v1/session": EVERYBODYS,
    "PUT /v1/users/me/login": ONES_OWN,
    "PUT /v1/users/me/password": ONES_OWN,
    "GET /v1/spotify/callback": ONES_OWN,
    "POST /v1/images": PICTURES,
    "WEBSOCKET /v1/capture": PICTURES,
    "GET /v1/users/{user_id}": A_PERSONS,
    "DELETE /v1/users/{user_id}": A_PERSONS,
    "GET /v1/users/{user_id}/export": A_PERSONS,
    "PUT /v1/users/{user_id}/consent": A_PERSONS,
    "DELETE /v1/users/{user_id}/consent": A_PERSONS,
    "GET /v1/users/{user_id}/devices": A_PERSONS,
    "POST /v1/users/{user_id}/devices": A_PERSONS,
    "DELETE /v1/users/{user_id}/devices/{device_id}": A_PERSONS,
    "GET /v1/users/{user_id}/mood": A_PERSONS,
    "GET /v1/users/{user_id}/moods": A_PERSONS,
    "DELETE /v1/users/{user_id}/moods": A_PERSONS,
    "GET /v1/users/{user_id}/live": A_PERSONS,
    "POST /v1/users/{user_id}/mood/correction": A_PERSONS,
    "GET /v1/users/{user_id}/recommendations": A_PERSONS,
    "POST /v1/users/{user_id}/feedback": A_PERSONS,
    "GET /v1/users/{user_id}/feedback": A_PERSONS,
    "DELETE /v1/users/{user_id}/feedback/{idempotency_key}": A_PERSONS,
    "GET /v1/users/{user_id}/taste": A_PERSONS,
    "PUT /v1/users/{user_id}/taste/word": A_PERSONS,
    "POST /v1/users/{user_id}/reviews": A_PERSONS,
    "GET /v1/users/{user_id}/spotify": A_PERSONS,
    "POST /v1/users/{user_id}/spotify": A_PERSONS,
    "DELETE /v1/users/{user_id}/spotify": A_PERSONS,
    "POST /v1/users/{user_id}/spotify/play": A_PERSONS,
    "POST /v1/users/{user_id}/spotify/queue": A_PERSONS,
    "POST /v1/users/{user_id}/spotify/pause": A_PERSONS,
    "POST /v1/users/{user_id}/spotify/next": A_PERSONS,
    "GET /v1/operator/status": OPERATORS,
    "GET /v1/operator/workers": OPERATORS,
    "GET /v1/operator/tasks": OPERATORS,
    "POST /v1/operator/clusters": OPERATORS,
    "POST /v1/operator/imports": OPERATORS,
    "PUT /v1/operator/files/{file}": OPERATORS,
    # The last, since it ends the operator's session.
    "DELETE /v1/session": ONES_OWN,
}
FILLED = {"device_id": "0" * 32, "kind": "music", "idempotency_key": "k", "file": "songs.csv"}
"""A value for every other parameter of a path."""
REFUSALS = {"session_missing": 401, "forbidden": 403, "consent_missing": 403, "wrong_host": 403, "cross_site": 403}
BODIES: dict[str, Any] = {"PUT /v1/users/{user_id}/consent": {"version": 1}, "POST /v1/session": {}}


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


def calls(app: FastAPI) -> Iterator[tuple[Call, APIRoute | APIWebSocketRoute]]:
    for route in routes(app):
        for method in sorted((isinstance(route, APIRoute) and route.methods) or {"WEBSOCKET"}):
            yield Call(method, route.path), route


def dependencies(route: APIRoute | APIWebSocketRoute) -> set[Any]:
    found: set[Any] = set()
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting += dependant.dependencies
    return found


DESCRIBED = create_app(GatewaySettings())
ABOUT_A_PERSON = [call for call, _ in calls(DESCRIBED) if "{user_id}" in call.path]


@pytest.fixture
async def app(guarded: GatewaySettings) -> AsyncGenerator[FastAPI]:
    app = create_app(guarded)
    async with app.router.lifespan_context(app):
        yield app


def test_every_route_is_in_the_table_and_asks_who_is_there():
    seen = {str(call): route for call, route in calls(DESCRIBED)}
    assert seen.keys() == TABLE.keys(), "say in the table who may do it"
    for name, route in seen.items():
        if TABLE[name] is not EVERYBODYS:
            assert principal in dependencies(route), f"{name} does not ask who is there"
        assert ("{user_id}" in name) == (owned in dependencies(route)), f"{name} does not ask whose it is"


async def test_everybody_gets_what_the_table_says(app: FastAPI):
    app.state.accounts.add_operator("root", PASSWORD)
    root = app.state.accounts.sign_in("root", PASSWORD).token
    got = {name: Row(*[await tried(app, name, who, root) for who in Who]) for name in TABLE}
    assert got == TABLE


async def tried(app: FastAPI, name: str, who: Who, root: str) -> int:
    """Somebody new tries it; returns 200 where they are let in, else how they are refused."""
    method, _, path = name.partition(" ")
    token, user_id = somebody(app, who, root)
    filled = path.format(user_id=user_id, **FILLED)
    cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
    if method == "WEBSOCKET":
        return await knocked(app, filled, cookie)
    async with browser(app) as client:
        return await asked(client, method, filled, headers=cookie, json=BODIES.get(name))


async def asked(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> int:
    """200 where this is let in, else how it is refused."""
    try:
        async with asyncio.timeout(ENDLESS_S if path.endswith("/live") else 10):
            return answer(await client.request(method, path, **options))
    except TimeoutError:
        assert path.endswith("/live"), f"{path} does not answer"
        return 200


def answer(reply: httpx.Response) -> int:
    problem: dict[str, Any] = reply.json() if reply.headers.get("content-type") == "application/problem+json" else {}
    refused = REFUSALS.get(problem.get("code", ""), 200)
    assert refused in {200, reply.status_code}
    return refused


def somebody(app: FastAPI, who: Who, root: str) -> tuple[str | None, str]:
    """Their token, and whom they ask about; `root` is an operator's."""
    accounts = app.state.accounts
    admitted, other = accounts.add_guest(), accounts.add_guest()
    own = admitted.account.id
    match who:
        case Who.NOBODY:
            return None, other.account.id
        case Who.GUEST:
            return admitted.token, own
        case Who.AGREED:
            accounts.agree(own, 1)
            return admitted.token, own
        case Who.OTHER:
            return admitted.token, other.account.id
        case Who.DEVICE:
            accounts.agree(own, 1)
            return accounts.add_device(own, "camera")[1], own
        case Who.OPERATOR:
            return root, other.account.id


async def knocked(app: FastAPI, path: str, cookie: dict[str, str]) -> int:
    """What a WebSocket is closed with, if it is, at once."""
    headers = [(b"host", b"127.0.0.1"), *((key.lower().encode(), value.encode()) for key, value in cookie.items())]
    scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
             "subprotocols": [], "scheme": "ws", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}  # fmt: skip
    sent = asyncio.Queue[Any]()
    told = [{"type": "websocket.connect"}]

    async def receive() -> Any:
        return told.pop() if told else await asyncio.Event().wait()

    task = asyncio.create_task(app(scope, receive, sent.put))
    try:
        async with asyncio.timeout(ENDLESS_S):
            while (message := await sent.get())["type"] != "websocket.close":
                pass
        return message["code"] - 4000
    except TimeoutError:
        return 200
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_second_person_changes_and_learns_nothing_of_the_first(app: FastAPI):
    async with guest(app, agrees=True) as (ada, ada_id), guest(app, agrees=True) as (mallory, _):
        before = await everything_of(ada)
        for call in ABOUT_A_PERSON:
            reply = await mallory.request(call.method, call.path.format(user_id=ada_id, **FILLED))
            assert code_of(reply, 403) == "forbidden", call
            assert ada_id not in reply.text, call
            assert await everything_of(ada) == before, call


async def test_on_a_machine_of_ones_own_names_are_everybodys_and_accounts_are_not(settings: GatewaySettings):
    app = create_app(settings.model_copy(update={"demo_user": DEMO}))
    async with app.router.lifespan_context(app), browser(app) as anybody:
        account = app.state.accounts.add_guest().account.id
        for call in ABOUT_A_PERSON:
            for user_id, expected in (("ada", 200), (DEMO, 200), (account, 401), ("me", 401)):
                got = await asked(anybody, call.method, call.path.format(user_id=user_id, **FILLED))
                assert got == expected, f"{call} of {user_id}"


async def test_the_drawn_person_is_watched_by_everybody_and_changed_by_nobody(guarded: GatewaySettings):
    app = create_app(guarded.model_copy(update={"demo_user": DEMO}))
    async with app.router.lifespan_context(app), browser(app) as nobody:
        for call in ABOUT_A_PERSON:
            got = await asked(nobody, call.method, call.path.format(user_id=DEMO, **FILLED))
            assert got == (200 if call.method == "GET" else 401), call


async def everything_of(client: Any) -> Any:
    return (await client.get("/v1/users/me/export")).raise_for_status().json()
