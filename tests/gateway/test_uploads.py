"""Files that an operator sends, through a gateway on a real port, to a recommender behind real gRPC."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
import stamina

from services.gateway import operator_routes
from services.gateway.accounts.opening import add_operator
from services.gateway.app import create_app
from services.gateway.http_limits import MAX_BODY_BYTES
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD, code_of
from tests.gateway.stand_ins import FakeRecommender

SONGS = "/v1/operator/files/songs.csv"
PIECE = bytes(range(256)) * (MAX_BODY_BYTES // 256)
TIMEOUT_S = 30


@asynccontextmanager
async def operator(settings: GatewaySettings) -> AsyncGenerator[httpx.AsyncClient]:
    """Their browser."""
    add_operator(settings, "root", PASSWORD)
    async with (
        serving(create_app(settings), settings) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client,
    ):
        (await client.post("/v1/session", json={"name": "root", "password": PASSWORD})).raise_for_status()
        yield client


@pytest.fixture
async def root(guarded: GatewaySettings) -> AsyncGenerator[httpx.AsyncClient]:
    async with operator(guarded) as client:
        yield client


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_max=0.05)
async def until_coming(recommender: FakeRecommender, size_bytes: int) -> None:
    """So much of the file has come."""
    assert len(recommender.coming.get("songs.csv", b"")) == size_bytes


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_max=0.05)
async def until_given_up(recommender: FakeRecommender) -> None:
    assert (recommender.given_up, recommender.files) == (["songs.csv"], {})


async def test_a_file_is_handed_on_as_it_comes(root: httpx.AsyncClient, recommender: FakeRecommender):
    async def body() -> AsyncGenerator[bytes]:
        for number in range(3):
            yield PIECE
            await until_coming(recommender, (number + 1) * len(PIECE))

    sent = await root.put(SONGS, content=body())
    assert (sent.status_code, sent.json()) == (
        201,
        {"file": "songs.csv", "size_bytes": 3 * len(PIECE), "duplicate": False},
    )
    assert recommender.files == {"songs.csv": 3 * PIECE}


async def test_what_the_recommender_refuses_half_way_is_told(root: httpx.AsyncClient, recommender: FakeRecommender):
    recommender.max_file_bytes = len(PIECE)
    for _ in range(5):
        assert code_of(await root.put(SONGS, content=8 * PIECE), 413) == "file_too_large"
    assert (await root.put(SONGS, content=PIECE)).status_code == 201


async def test_of_an_upload_that_breaks_off_nothing_is_kept(root: httpx.AsyncClient, recommender: FakeRecommender):
    async def body() -> AsyncGenerator[bytes]:
        yield PIECE
        await asyncio.Event().wait()

    task = asyncio.create_task(root.put(SONGS, content=body()))
    await until_coming(recommender, len(PIECE))
    task.cancel()
    await until_given_up(recommender)


async def test_a_sender_who_falls_silent_is_sent_away(
    root: httpx.AsyncClient, recommender: FakeRecommender, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(operator_routes, "SILENCE_S", 0.1)

    async def body() -> AsyncGenerator[bytes]:
        yield PIECE
        await until_given_up(recommender)

    assert code_of(await root.put(SONGS, content=body()), 422) == "upload_broken"


@pytest.mark.parametrize(("name", "status"), [(".hidden", 422), ("a%00b", 422), ("a%5Cb", 422), ("a%2Fb", 404)])
async def test_a_name_leads_nowhere_else(root: httpx.AsyncClient, recommender: FakeRecommender, name: str, status: int):
    code_of(await root.put(f"/v1/operator/files/{name}", content=PIECE), status)
    assert recommender.files == {}


async def test_without_a_recommender_a_file_is_refused(guarded: GatewaySettings):
    async with operator(guarded.model_copy(update={"recommender_address": "127.0.0.1:1"})) as root:
        code_of(await root.put(SONGS, content=PIECE), 503)
