"""Spotify, against a server that speaks its interface over real HTTP."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.events import spotify_key
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import code_of, guest
from tests.gateway.spotify_server import CLIENT_ID, FakeSpotify, serving_spotify

SONG = {"title": "So What", "creators": ["Miles Davis"]}
PLAY = "/v1/users/me/spotify/play"


@pytest.fixture
def spotify() -> FakeSpotify:
    return FakeSpotify()


@pytest.fixture
async def app(guarded: GatewaySettings, spotify: FakeSpotify) -> AsyncGenerator[FastAPI]:
    async with serving_spotify(spotify) as url:
        known = {"spotify_client_id": CLIENT_ID, "spotify_accounts_url": url, "spotify_api_url": f"{url}/v1"}
        app = create_app(guarded.model_copy(update=known))
        async with app.router.lifespan_context(app):
            yield app


async def connect(client: httpx.AsyncClient, spotify: FakeSpotify) -> str:
    """Connect Spotify as a browser does; returns where it ends."""
    begun = (await client.post("/v1/users/me/spotify")).raise_for_status().json()
    back = await client.get("/v1/spotify/callback", params=spotify.agree(begun["authorize_url"]))
    assert back.status_code == 303
    return back.headers["location"]


@asynccontextmanager
async def listener(app: FastAPI, spotify: FakeSpotify) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who has connected Spotify."""
    async with guest(app) as (client, _):
        assert await connect(client, spotify) == "/?spotify=connected"
        yield client


async def test_a_repeat_queues_nothing_unless_it_failed(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        for key, has_device, status in [("a", False, 409), ("a", True, 204), ("a", True, 204), ("b", True, 204)]:
            spotify.has_device = has_device
            reply = await client.post("/v1/users/me/spotify/queue", json=SONG, headers={"Idempotency-Key": key})
            assert reply.status_code == status
        async with listener(app, spotify) as other:
            await other.post("/v1/users/me/spotify/queue", json=SONG, headers={"Idempotency-Key": "a"})
    assert spotify.played == ["later spotify:track:sowhat"] * 3


async def test_a_person_connects_and_disconnects(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        state = (await client.get("/v1/users/me/spotify")).json()
        assert state == {"connected": True, "name": "Ada", "premium": True}
        assert (await client.delete("/v1/users/me/spotify")).status_code == 204
        assert (await client.get("/v1/users/me/spotify")).json()["connected"] is False
        assert code_of(await client.post(PLAY, json=SONG), 409) == "spotify_not_connected"


async def test_the_right_song_is_found_once_and_played(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        for _ in range(2):
            assert (await client.post(PLAY, json=SONG)).status_code == 204
        assert (await client.post(PLAY, json=SONG | {"spotify_id": "abc"})).status_code == 204
        for what in ("queue", "pause", "next"):
            reply = await client.post(f"/v1/users/me/spotify/{what}", json=SONG if what == "queue" else None)
            assert reply.status_code == 204
    assert spotify.played == [
        "spotify:track:sowhat", "spotify:track:sowhat", "spotify:track:abc", "later spotify:track:sowhat", "pause",
        "next",
    ]  # fmt: skip
    assert spotify.searches == ['track:"So What" artist:"Miles Davis"']


async def test_a_song_that_is_not_there(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        assert code_of(await client.post(PLAY, json={"title": "4'33\"", "creators": ["X"]}), 404) == "spotify_no_match"
        assert code_of(await client.post(PLAY, json=SONG | {"creators": ["Nobody"]}), 404) == "spotify_no_match"


async def test_expired_tokens_are_renewed_unseen(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        spotify.expire()
        assert (await client.post(PLAY, json=SONG)).status_code == 204
        assert spotify.refreshes == 1
        spotify.life_s = 10
        spotify.expire()
        assert (await client.post(PLAY, json=SONG)).status_code == 204
        assert (await client.post(PLAY, json=SONG)).status_code == 204
        # The second time, before Spotify had to refuse.
        assert spotify.refreshes == 3


@pytest.mark.parametrize("what", ["/v1/users/me/spotify", "/v1/users/me"])
async def test_who_disconnects_while_tokens_are_renewed_is_not_connected(app: FastAPI, spotify: FakeSpotify, what: str):
    async with listener(app, spotify) as client:
        user_id = (await client.get("/v1/users/me")).json()["user_id"]
        spotify.expire()
        spotify.meanwhile = partial(client.delete, what)
        assert code_of(await client.post(PLAY, json=SONG), 409) == "spotify_not_connected"
        assert app.state.spotify.player.profile(user_id) is None


async def test_who_connects_anew_while_tokens_are_refused_stays_so(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        spotify.expire()
        spotify.meanwhile = partial(connect, client, spotify)
        assert (await client.post(PLAY, json=SONG)).status_code == 204
        assert spotify.refreshes == 0


async def test_who_connects_another_account_while_tokens_are_renewed_keeps_that(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        first = spotify.refresh
        second: list[str] = []

        async def connect_another() -> None:
            await client.delete("/v1/users/me/spotify")
            await connect(client, spotify)
            second[:] = spotify.access, spotify.refresh
            spotify.refresh = first

        spotify.expire()
        spotify.meanwhile = connect_another
        await client.post(PLAY, json=SONG)
        assert spotify.refreshes == 1
        spotify.meanwhile = None
        spotify.access, spotify.refresh = second
        assert (await client.post(PLAY, json=SONG)).status_code == 204


async def test_who_took_it_back_at_spotify_is_not_connected(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        spotify.take_back()
        assert code_of(await client.post(PLAY, json=SONG), 409) == "spotify_not_connected"
        assert (await client.get("/v1/users/me/spotify")).json()["connected"] is False


@pytest.mark.parametrize(
    ("status", "answered"), [(429, ("spotify_rate_limited", "7")), (503, ("spotify_unavailable", "2"))]
)
async def test_a_token_server_in_trouble_disconnects_nobody(
    app: FastAPI, spotify: FakeSpotify, status: int, answered: tuple[str, str]
):
    async with listener(app, spotify) as client:
        spotify.expire()
        spotify.token_trouble = status
        reply = await client.post(PLAY, json=SONG)
        assert (code_of(reply, status), reply.headers["retry-after"]) == answered
        spotify.token_trouble = None
        assert (await client.post(PLAY, json=SONG)).status_code == 204


async def test_what_spotify_refuses_is_said_clearly(app: FastAPI, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        spotify.has_device = False
        assert code_of(await client.post(PLAY, json=SONG), 409) == "spotify_no_device"
        spotify.product = "free"
        assert code_of(await client.post(PLAY, json=SONG), 409) == "spotify_premium_required"
        spotify.rate_limited_s = 7
        limited = await client.post(PLAY, json=SONG)
        assert code_of(limited, 429) == "spotify_rate_limited"
        assert limited.headers["retry-after"] == "7"
        spotify.broken = True
        assert code_of(await client.post(PLAY, json=SONG), 503) == "spotify_unavailable"


async def test_a_spotify_that_is_away(app: FastAPI, guarded: GatewaySettings, spotify: FakeSpotify):
    async with listener(app, spotify) as client:
        app.state.spotify.player._app = app.state.spotify.player._app._replace(api_url="http://127.0.0.1:1")
        assert code_of(await client.post(PLAY, json=SONG), 503) == "spotify_unavailable"


async def test_somebody_elses_way_back_connects_nobody(app: FastAPI, spotify: FakeSpotify):
    async with guest(app) as (mallory, _), guest(app) as (ada, _):
        begun = (await mallory.post("/v1/users/me/spotify")).raise_for_status().json()
        back = await ada.get("/v1/spotify/callback", params=spotify.agree(begun["authorize_url"]))
        assert back.headers["location"] == "/?spotify=spotify_not_connected"
        assert (await ada.get("/v1/users/me/spotify")).json()["connected"] is False


async def test_a_way_back_is_taken_once_and_a_wrong_one_takes_nothing(app: FastAPI, spotify: FakeSpotify):
    async with guest(app) as (client, _):
        begun = (await client.post("/v1/users/me/spotify")).raise_for_status().json()
        right = spotify.agree(begun["authorize_url"])
        for asked, outcome in (
            (right | {"state": "x"}, "spotify_not_connected"),
            (right, "connected"),
            (right, "spotify_not_connected"),
        ):
            back = await client.get("/v1/spotify/callback", params=asked)
            assert back.headers["location"] == f"/?spotify={outcome}"


async def test_a_way_back_that_nobody_took_goes_with_the_person(app: FastAPI, redis: Redis):
    async with guest(app) as (client, user_id):
        (await client.post("/v1/users/me/spotify")).raise_for_status()
        assert await redis.exists(spotify_key(user_id))
        (await client.delete("/v1/users/me")).raise_for_status()
    assert not await redis.exists(spotify_key(user_id))


async def test_who_refuses_comes_back_unconnected(app: FastAPI):
    async with guest(app) as (client, _):
        back = await client.get("/v1/spotify/callback", params={"state": "x", "error": "access_denied"})
        assert back.headers["location"] == "/?spotify=spotify_not_connected"


async def test_tokens_are_encrypted_and_go_with_the_person(app: FastAPI, spotify: FakeSpotify, tmp_path: Path):
    async with listener(app, spotify) as client:
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as database:
            ((sealed,),) = database.execute("select tokens from spotify").fetchall()
            assert spotify.refresh not in sealed
            assert spotify.access not in sealed
            assert (await client.get("/v1/users/me/export")).json()["spotify"] == {
                "connected": True, "name": "Ada", "premium": True,
            }  # fmt: skip
            assert (await client.delete("/v1/users/me")).status_code == 204
            assert database.execute("select * from spotify").fetchall() == []


async def test_another_secret_reads_no_token(guarded: GatewaySettings, spotify: FakeSpotify):
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving_spotify(spotify))
        known = {"spotify_client_id": CLIENT_ID, "spotify_accounts_url": url, "spotify_api_url": f"{url}/v1"}
        app = create_app(guarded.model_copy(update=known))
        async with app.router.lifespan_context(app), guest(app) as (client, user_id):
            assert await connect(client, spotify) == "/?spotify=connected"
        other = create_app(guarded.model_copy(update=known | {"secret": GatewaySettings().secret}))
        async with other.router.lifespan_context(other):
            assert other.state.spotify.player.profile(user_id) is None


async def test_a_gateway_without_an_app_says_so(guarded: GatewaySettings):
    app = create_app(guarded)
    async with app.router.lifespan_context(app), guest(app) as (client, _):
        assert code_of(await client.post("/v1/users/me/spotify"), 404) == "spotify_not_configured"
        assert (await client.get("/v1/settings")).json()["spotify"] is False
