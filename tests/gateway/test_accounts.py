"""Guests, members, sessions, consent and devices, over HTTP and a real database."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.events import REVOKED_TOKENS_KEY, STOPS_CHANNEL, StopEvent
from servicekit import database
from services.gateway.access import COOKIE
from services.gateway.accounts.opening import add_operator
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, browser, code_of, guest

LOGIN = {"name": "Ada", "password": PASSWORD}


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def app(guarded: GatewaySettings, clock: Clock) -> AsyncGenerator[FastAPI]:
    app = create_app(guarded, clock)
    async with app.router.lifespan_context(app):
        yield app


async def test_a_guest_begins_at_once_and_is_known_again(app: FastAPI):
    async with guest(app) as (client, user_id):
        me = (await client.get("/v1/users/me")).raise_for_status().json()
        assert (me["user_id"], me["kind"], me["name"], me["consent"]) == (user_id, "guest", None, None)
        again = await client.post("/v1/guests")
        assert (again.status_code, again.json()["user_id"]) == (200, user_id)
        assert (await client.get(f"/v1/users/{user_id}")).json() == me


async def test_the_cookie_is_kept_from_scripts_and_other_sites(app: FastAPI):
    async with browser(app) as client:
        cookie = (await client.post("/v1/guests")).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://emoverse.example") as client:
        assert "Secure" in (await client.post("/v1/guests")).headers["set-cookie"]


async def test_a_forged_or_absent_cookie_is_nobody(app: FastAPI):
    async with browser(app) as client:
        assert code_of(await client.get("/v1/users/me"), 401) == "session_missing"
        now = datetime.now(UTC)
        claims = {"sub": "u-1", "aud": "session", "exp": now + timedelta(days=1), "jti": "0" * 32}
        client.cookies.set(COOKIE, jwt.encode(claims, "x" * 32, "HS256"))
        assert code_of(await client.get("/v1/users/me"), 401) == "session_missing"


async def test_a_guest_who_signs_up_keeps_the_profile_and_signs_in_elsewhere(app: FastAPI):
    async with guest(app) as (client, user_id), browser(app) as elsewhere:
        before = client.cookies[COOKIE]
        member = (await client.put("/v1/users/me/login", json=LOGIN)).raise_for_status().json()
        assert (member["user_id"], member["kind"], member["name"]) == (user_id, "member", "ada")
        assert client.cookies[COOKIE] != before
        elsewhere.cookies.set(COOKIE, before)
        assert code_of(await elsewhere.get("/v1/users/me"), 401) == "session_missing"
        elsewhere.cookies.clear()
        signed_in = (await elsewhere.post("/v1/session", json=LOGIN | {"name": "ADA"})).raise_for_status().json()
        assert signed_in["user_id"] == user_id
        assert code_of(await client.put("/v1/users/me/login", json=LOGIN), 409) == "already_member"


async def test_a_name_belongs_to_one(app: FastAPI):
    async with guest(app) as (first, _), guest(app) as (second, _):
        (await first.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        assert code_of(await second.put("/v1/users/me/login", json=LOGIN), 409) == "name_taken"


@pytest.mark.parametrize("name", ["ada", "nobody"])
async def test_a_wrong_password_and_an_unknown_name_look_alike(app: FastAPI, name: str):
    async with guest(app) as (client, _), browser(app) as other:
        (await client.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        reply = await other.post("/v1/session", json={"name": name, "password": "wrong password"})
        assert code_of(reply, 401) == "wrong_credentials"
        assert "wrong password" not in reply.text
        assert COOKIE not in other.cookies


async def test_a_short_password_is_refused_and_not_repeated(app: FastAPI):
    async with guest(app) as (client, _):
        reply = await client.put("/v1/users/me/login", json={"name": "ada", "password": "hunter2"})
        assert code_of(reply, 422) == "invalid_input"
        assert "hunter2" not in reply.text


async def test_guessing_a_password_is_slowed_down(app: FastAPI):
    async with browser(app) as client:
        replies = [await client.post("/v1/session", json=LOGIN) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [401] * 5 + [429]
    assert code_of(replies[-1], 429) == "too_many_attempts"
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60


async def test_signing_out_ends_the_session(app: FastAPI):
    async with guest(app) as (client, _):
        token = client.cookies[COOKIE]
        assert (await client.delete("/v1/session")).status_code == 204
        assert COOKIE not in client.cookies
        client.cookies.set(COOKIE, token)
        assert code_of(await client.get("/v1/users/me"), 401) == "session_missing"


async def test_signing_in_ends_the_session_of_somebody_else_that_it_replaces(app: FastAPI):
    async with guest(app) as (ada, ada_id), guest(app) as (bob, _):
        (await ada.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        replaced = bob.cookies[COOKIE]
        (await bob.post("/v1/session", json=LOGIN)).raise_for_status()
        own = bob.cookies[COOKIE]
        (await bob.post("/v1/session", json=LOGIN)).raise_for_status()
        for token, status in ((replaced, 401), (own, 200)):
            ada.cookies.set(COOKIE, token)
            assert (await ada.get(f"/v1/users/{ada_id}")).status_code == status


async def test_sessions_end_by_themselves(app: FastAPI, clock: Clock):
    async with guest(app) as (client, _), guest(app) as (member, _):
        (await member.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        clock.now += timedelta(days=89)
        (await member.get("/v1/users/me")).raise_for_status()
        clock.now += timedelta(days=2)
        for each in (client, member):
            assert code_of(await each.get("/v1/users/me"), 401) == "session_missing"


async def test_a_guest_who_comes_now_and_then_can_always_come_back(app: FastAPI, clock: Clock):
    async with guest(app) as (client, user_id):
        for days in 3 * [70, 50, 90]:
            clock.now += timedelta(days=20)
            reply = await client.get("/v1/users/me")
            assert reply.raise_for_status().json()["user_id"] == user_id
            assert f"Max-Age={days * 24 * 3600};" in reply.headers["set-cookie"]


async def test_a_guest_whom_a_reply_did_not_reach_is_told_again(app: FastAPI, clock: Clock):
    async with guest(app) as (client, _):
        clock.now += timedelta(days=46)
        (await client.get("/v1/users/me")).raise_for_status()
        clock.now += timedelta(days=40)
        assert f"Max-Age={50 * 24 * 3600};" in (await client.get("/v1/users/me")).headers["set-cookie"]


async def test_a_refusal_prolongs_nothing(app: FastAPI, clock: Clock):
    async with guest(app) as (client, _):
        clock.now += timedelta(days=46)
        assert "set-cookie" not in (await client.get("/v1/users/somebody")).headers
        clock.now += timedelta(days=45)
        assert code_of(await client.get("/v1/users/me"), 401) == "session_missing"


async def test_who_reads_is_answered_while_nothing_can_be_written(
    guarded: GatewaySettings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    app = create_app(guarded, clock)
    async with app.router.lifespan_context(app), guest(app) as (client, _):
        with closing(sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            clock.now += timedelta(hours=2)
            assert (await client.get("/v1/users/me")).status_code == 200
            reply = await client.put("/v1/users/me/consent", json={"version": 1})
            assert code_of(reply, 503) == "database_unavailable"


async def test_a_new_password_ends_every_other_session_and_device(app: FastAPI, redis: Redis):
    async with guest(app, agrees=True) as (client, _), browser(app) as other:
        (await client.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        (await other.post("/v1/session", json=LOGIN)).raise_for_status()
        device = (await client.post("/v1/users/me/devices", json={"name": "desk"})).raise_for_status().json()["device"]
        change = {"current": "not this one", "new": "another good one"}
        assert code_of(await client.put("/v1/users/me/password", json=change), 401) == "wrong_credentials"
        change["current"] = PASSWORD
        assert (await client.put("/v1/users/me/password", json=change)).status_code == 204
        assert (await client.get("/v1/users/me")).status_code == 200
        assert code_of(await other.get("/v1/users/me"), 401) == "session_missing"
        assert await redis.smembers(REVOKED_TOKENS_KEY) == {device["id"]}
        assert (await client.get("/v1/users/me/devices")).json() == {"devices": []}


async def test_consent_is_to_what_is_asked_for_now(app: FastAPI):
    async with guest(app) as (client, _):
        terms = (await client.get("/v1/settings")).json()["consent"]
        assert {statement["code"] for statement in terms["statements"]} >= {"what", "kept", "control"}
        outdated = await client.put("/v1/users/me/consent", json={"version": terms["version"] + 1})
        assert code_of(outdated, 409) == "consent_outdated"
        me = (await client.put("/v1/users/me/consent", json={"version": terms["version"]})).raise_for_status().json()
        assert me["consent"]["version"] == terms["version"]
        assert (await client.delete("/v1/users/me/consent")).json()["consent"] is None


async def test_a_device_needs_consent_and_its_token_is_shown_once(app: FastAPI, guarded: GatewaySettings, clock: Clock):
    async with guest(app) as (client, user_id):
        assert code_of(await client.post("/v1/users/me/devices", json={"name": "desk"}), 403) == "consent_missing"
        (await client.put("/v1/users/me/consent", json={"version": 1})).raise_for_status()
        made = (await client.post("/v1/users/me/devices", json={"name": "desk"})).raise_for_status().json()
        secret = guarded.token_secret.get_secret_value()
        options = {"verify_exp": False}
        claims = jwt.decode(made["token"], secret, ["HS256"], options, audience="emotion")  # pyright: ignore[reportArgumentType]  (a dict is what it takes)
        assert (claims["sub"], claims["jti"]) == (user_id, made["device"]["id"])
        assert claims["exp"] > clock.now.timestamp()
        listed = await client.get("/v1/users/me/devices")
        assert [device["name"] for device in listed.json()["devices"]] == ["desk"]
        assert made["token"] not in listed.text


async def test_removing_a_device_stops_its_stream_alone(app: FastAPI, redis: Redis):
    async with guest(app, agrees=True) as (client, user_id), redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(STOPS_CHANNEL)
        first, second = [
            (await client.post("/v1/users/me/devices", json={"name": name})).json()["device"]["id"]
            for name in ("desk", "shelf")
        ]
        assert (await client.delete(f"/v1/users/me/devices/{first}")).status_code == 204
        assert code_of(await client.delete(f"/v1/users/me/devices/{first}"), 404) == "not_found"
        event = await next_stop(pubsub)
        assert (event.user_id, event.reason, event.token_id) == (user_id, "revoked", first)
        assert await redis.smembers(REVOKED_TOKENS_KEY) == {first}
        assert timedelta(days=360) < timedelta(seconds=await redis.ttl(REVOKED_TOKENS_KEY))
        left = (await client.get("/v1/users/me/devices")).json()["devices"]
        assert [device["id"] for device in left] == [second]


async def test_withdrawing_consent_stops_everything_at_once(app: FastAPI, redis: Redis):
    async with guest(app, agrees=True) as (client, user_id), redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(STOPS_CHANNEL)
        device = (await client.post("/v1/users/me/devices", json={"name": "desk"})).json()["device"]
        (await client.delete("/v1/users/me/consent")).raise_for_status()
        event = await next_stop(pubsub)
        assert (event.user_id, event.reason, event.token_id) == (user_id, "withdrawn", None)
        assert await redis.sismember(REVOKED_TOKENS_KEY, device["id"])
        assert code_of(await client.post("/v1/users/me/devices", json={"name": "desk"}), 403) == "consent_missing"


async def next_stop(pubsub: object) -> StopEvent:
    async for message in pubsub.listen():  # type: ignore[attr-defined]
        return StopEvent.model_validate_json(message["data"])
    raise AssertionError("unreachable")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_cannot_write_in_somebodys_name(app: FastAPI, headers: dict[str, str]):
    async with guest(app) as (client, _):
        del client.headers["Sec-Fetch-Site"]
        reply = await client.request("DELETE", "/v1/session", headers=headers)
        assert code_of(reply, 403) == "cross_site"
        assert (await client.get("/v1/users/me")).status_code == 200


async def test_ones_own_origin_and_no_browser_at_all_may_write(app: FastAPI):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert (await client.post("/v1/guests")).status_code == 201
        assert (await client.post("/v1/guests", headers={"Origin": "http://127.0.0.1"})).status_code == 200


async def test_an_open_gateway_answers_to_this_machine_only(settings: GatewaySettings):
    app = create_app(settings)
    async with app.router.lifespan_context(app), browser(app) as client:
        assert (await client.get("/v1/users/demo/recommendations?kind=music")).status_code == 200
        reply = await client.get("/v1/users/demo/recommendations?kind=music", headers={"Host": "evil.example"})
        assert code_of(reply, 403) == "wrong_host"


async def test_an_open_gateway_still_guards_accounts(settings: GatewaySettings):
    app = create_app(settings)
    async with app.router.lifespan_context(app), guest(app) as (_, user_id), browser(app) as stranger:
        assert code_of(await stranger.get(f"/v1/users/{user_id}"), 401) == "session_missing"


def test_only_a_gateway_that_others_cannot_reach_can_be_open():
    with pytest.raises(ValueError, match="GATEWAY_HOST"):
        GatewaySettings(host="0.0.0.0", open=True)  # noqa: S104  (refused)


async def test_an_operator_is_made_by_a_command_and_may_look_after_others(app: FastAPI, guarded: GatewaySettings):
    add_operator(guarded, "root", PASSWORD)
    async with guest(app) as (_, user_id), browser(app) as client:
        me = (await client.post("/v1/session", json={"name": "root", "password": PASSWORD})).raise_for_status().json()
        assert me["kind"] == "operator"
        assert (await client.get(f"/v1/users/{user_id}")).raise_for_status().json()["user_id"] == user_id


async def test_behind_a_proxy_cookies_are_secure_and_attempts_counted_by_who_is_behind(guarded: GatewaySettings):
    async with serving(create_app(guarded), guarded) as port, over_tcp(port) as proxy:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        begun = await proxy.post("/v1/guests", headers=forwarded)
        assert "Secure" in begun.headers["set-cookie"]
        assert [await counters_after(guarded, proxy, f"192.0.2.{last}") for last in (1, 2, 1)] == [1, 2, 2]


async def test_nobody_can_pretend_to_be_behind_a_proxy(guarded: GatewaySettings):
    settings = guarded.model_copy(update={"trusted_proxies": "192.0.2.9"})
    async with serving(create_app(settings), settings) as port, over_tcp(port) as client:
        begun = await client.post("/v1/guests", headers={"X-Forwarded-Proto": "https"})
        assert "Secure" not in begun.headers["set-cookie"]


def over_tcp(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)


async def counters_after(settings: GatewaySettings, client: httpx.AsyncClient, address: str) -> int:
    """How many counters of attempts a minute there are after one from this address."""
    await client.post("/v1/session", json=LOGIN, headers={"X-Forwarded-For": address})
    async with Redis.from_url(settings.redis_url, decode_responses=True) as redis:
        return len([key async for key in redis.scan_iter("*SIGN_IN_FROM*minute*")])


async def test_a_device_is_made_once_for_a_key(app: FastAPI):
    async with guest(app, agrees=True) as (client, _):
        devices, headers = "/v1/users/me/devices", {"Idempotency-Key": "k"}
        made = [await client.post(devices, json={"name": "desk"}, headers=headers) for _ in range(2)]
        assert made[0].status_code == 201
        assert made[0].json() == made[1].json()
        other = await client.post(devices, json={"name": "lamp"}, headers=headers)
        assert code_of(other, 409) == "idempotency_key_reused"
        await client.post(devices, json={"name": "desk"})
        assert len((await client.get(devices)).json()["devices"]) == 2
        await client.delete(f"{devices}/{made[0].json()['device']['id']}")
        removed = await client.post(devices, json={"name": "desk"}, headers=headers)
        assert code_of(removed, 409) == "idempotency_key_reused"
