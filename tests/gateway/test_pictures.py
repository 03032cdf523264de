"""Pictures that come slowly, and many of them: the gateway holds them in memory."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
import stamina

from services.gateway.access import COOKIE
from services.gateway.app import create_app
from services.gateway.faces import emotion, routes
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.emotion.support import face_jpeg
from tests.gateway.accounts_support import code_of
from tests.gateway.test_faces import person


@asynccontextmanager
async def sending(client: httpx.AsyncClient) -> AsyncGenerator[asyncio.StreamReader]:
    """Send all of a picture but its end, once the gateway wants it."""
    request = client.build_request("POST", "/v1/images", files={"image": face_jpeg()})
    request.headers["Cookie"] = f"{COOKIE}={client.cookies[COOKIE]}"
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(f"POST /v1/images HTTP/1.1\r\nExpect: 100-continue\r\n{head}\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write((await request.aread())[:-1])
    try:
        yield reader
    finally:
        writer.close()


async def send(client: httpx.AsyncClient) -> httpx.Response:
    """Send a picture at once."""
    return await client.post("/v1/images", files={"image": face_jpeg()})


async def test_pictures_beyond_those_that_fit_into_memory_are_refused(
    guarded: GatewaySettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(emotion, "PICTURES_AT_ONCE", 2)
    async with (
        serving(create_app(guarded), guarded) as port,
        person(f"127.0.0.1:{port}") as ada,
        person(f"127.0.0.1:{port}") as grace,
        person(f"127.0.0.1:{port}") as client,
    ):
        async with sending(ada), sending(grace):
            assert code_of(await send(client), 429) == "too_many_pictures"
        async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_max=0.1):
            with attempt:
                # There is room again, though nobody who reads it.
                assert code_of(await send(client), 503) == "unavailable"


async def test_one_who_sends_slowly_takes_one_place(guarded: GatewaySettings):
    async with (
        serving(create_app(guarded), guarded) as port,
        person(f"127.0.0.1:{port}") as slow,
        person(f"127.0.0.1:{port}") as other,
        sending(slow),
    ):
        assert code_of(await send(slow), 429) == "too_many_pictures"
        assert code_of(await send(other), 503) == "unavailable"


async def test_a_picture_that_never_ends_is_given_up(guarded: GatewaySettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routes, "COMING_S", 0.1)
    async with (
        serving(create_app(guarded), guarded) as port,
        person(f"127.0.0.1:{port}") as client,
        sending(client) as reader,
        asyncio.timeout(20),
    ):
        assert (await reader.readline()).split()[1] == b"422"
