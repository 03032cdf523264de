"""What another page, a crafted address or a crafted header could try."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from services.gateway.accounts.attempts import Action
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, browser, code_of, guest

SECRET_FILE = "nobody may read this"


@pytest.fixture
async def app(guarded: GatewaySettings, tmp_path: Path) -> AsyncGenerator[FastAPI]:
    (tmp_path / "web" / "assets").mkdir(parents=True)
    (tmp_path / "web" / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.txt").write_text(SECRET_FILE)
    (tmp_path / "web" / "assets" / "out.txt").symlink_to(tmp_path / "secret.txt")
    app = create_app(guarded.model_copy(update={"web_dir": tmp_path / "web"}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/v1/kinds", 200), ("/v1/nothing", 404), ("/v1/users/me", 401), ("/assets/x", 404)],
)
async def test_every_answer_tells_browsers_what_to_refuse(app: FastAPI, path: str, status: int):
    async with browser(app) as client:
        reply = await client.get(path)
    assert reply.status_code == status
    policy = reply.headers["content-security-policy"]
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in reply.headers


async def test_where_there_is_https_there_is_nothing_else(app: FastAPI):
    for url, header in (("https://emoverse.example", "max-age=31536000"), ("http://127.0.0.1", None)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url) as client:
            assert (await client.get("/v1/kinds")).headers.get("strict-transport-security") == header


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_no_other_site_may_read_anything(app: FastAPI, method: str):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with guest(app) as (client, _):
        reply = await client.request(method, "/v1/users/me", headers=asked)
    assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../index.html", "/assets/..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets//etc/passwd",
        "/assets/..%5c..%5csecret.txt", "/assets/out.txt", "/assets/%00", "/assets/" + "a" * 5000, "//etc/passwd",
        "/..%2fsecret.txt",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_web_app(app: FastAPI, path: str):
    async with browser(app) as client:
        reply = await client.get(httpx.URL("http://127.0.0.1", raw_path=path.encode()))
    assert reply.status_code == 404
    assert SECRET_FILE not in reply.text


@pytest.mark.parametrize("path", ["/v1/kinds/", "/health/live/", "//evil.example/%2e%2e", "/v1/users/me/"])
async def test_no_address_from_a_request_becomes_a_redirect(app: FastAPI, path: str):
    async with browser(app) as client:
        reply = await client.get(
            httpx.URL("http://127.0.0.1", raw_path=path.encode()), headers={"Host": "evil.example"}
        )
    assert reply.status_code == 404
    assert "location" not in reply.headers


@pytest.mark.parametrize("state", ["x", "https://evil.example", "//evil.example", "\r\nX-Injected: 1", "connected&a=b"])
async def test_the_way_back_from_spotify_leads_home(app: FastAPI, state: str):
    async with guest(app) as (client, _):
        asked = {"state": state, "code": state, "next": "https://evil.example", "redirect_uri": "//evil.example"}
        reply = await client.get("/v1/spotify/callback", params=asked)
    assert (reply.status_code, reply.headers["location"]) == (303, "/?spotify=spotify_not_connected")
    assert "x-injected" not in reply.headers


async def test_finding_out_who_has_an_account_is_slowed_down(app: FastAPI):
    async with guest(app) as (client, _):
        logins = [{"name": f"name{number}", "password": PASSWORD} for number in range(11)]
        replies = [await client.put("/v1/users/me/login", json=login) for login in logins]
    assert [reply.status_code for reply in replies] == [200] + [409] * 9 + [429]
    assert code_of(replies[-1], 429) == "too_many_attempts"


async def test_what_counts_attempts_says_nothing_of_anybody(app: FastAPI, redis: Redis):
    async with browser(app) as client:
        await client.post("/v1/session", json={"name": "grace.hopper", "password": PASSWORD})
    keys = [key async for key in redis.scan_iter("*attempts*")]
    assert len(keys) == sum(len(action.limits) for action in (Action.SIGN_IN_AS, Action.SIGN_IN_FROM))
    assert not [key for key in keys if "hopper" in key or "127.0.0.1" in key]
