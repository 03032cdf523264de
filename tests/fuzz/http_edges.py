"""HTTP requests, bytes on the port, WebSocket frames."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import httpx
import websockets
from hypothesis import strategies as st

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.fuzz.grpc_edges import CALL_TIMEOUT_S, HINTS, page_tokens
from tests.fuzz.inputs import JSON, TEXT, altered, mangled
from tests.fuzz.stage import CrashError, ServerError, Stage

FRAME_TIMEOUT_S: Final = 1.0
SERVER_ERROR: Final = 500


def http_requests(routes: list[tuple[str, str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Requests of these methods and paths, and some of others."""
    segment = st.sampled_from(["me", "ada", "demo", "music", "u-" + "0" * 32]) | TEXT
    unknown = st.tuples(st.sampled_from(["GET", "PUT", "TRACE", "X"]), TEXT.map(lambda text: f"/{quote(text)}"))
    paths = st.tuples(st.sampled_from(routes) | unknown, st.lists(segment, min_size=4, max_size=4)).map(_filled)
    header = st.sampled_from(
        ["Cookie", "Idempotency-Key", "Content-Type", "If-None-Match", "Origin", "X-Forwarded-For", "Last-Event-ID",
         "Content-Length", "Accept", "Range", "Expect"]
    )  # fmt: skip
    latin = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    body = st.one_of(JSON.map(dumped), st.binary(max_size=100), BODIES, mangled([b"--x\r\n\r\n--x--"]))
    query = st.dictionaries(
        st.sampled_from(["kind", "count", "goal", "mood", "destination", "exclude", "page_token", "state", "code"]),
        TEXT | HINTS["kind"] | HINTS["goal"] | page_tokens(),
        max_size=4,
    )
    return st.fixed_dictionaries(
        {"call": paths, "headers": st.dictionaries(header, latin, max_size=3), "content": body, "params": query}
    )


def _filled(parts: tuple[tuple[str, str], list[str]]) -> tuple[str, str]:
    (method, path), values = parts
    remaining = iter(values)
    return method, re.sub(r"\{\w+\}", lambda _: quote(next(remaining), safe=""), path)


def dumped(value: Any) -> bytes:
    """As JSON."""
    return json.dumps(value).encode("utf-8", "replace")


BODIES: Final = st.one_of(
    altered({"item_id": "music:marvin-gaye-whats-going-on", "action": "like"}),
    altered({"item_id": "music:marvin-gaye-whats-going-on", "text": "Good."}),
    altered({"mood": "happy"}),
    altered({"name": "ada", "password": "correct horse battery"}),
    altered({"version": 1}),
    altered({"title": "So What", "creators": ["Miles Davis"], "spotify_id": "x"}),
    st.just(b'{"a":' * 5000),
)


def http_paths() -> list[tuple[str, str]]:
    """Every method and path that can be asked for again and again."""
    document = create_app(GatewaySettings()).openapi()
    # The live channel answers for ever; signing out and deleting would end the session that the others use.
    left_out = {"getLive", "signOut", "deletePerson", "changePassword", "signUp", "withdrawConsent"}
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["operationId"] not in left_out
    ]


def feed_http(stage: Stage, request: dict[str, Any]) -> None:
    """A request."""
    stage.do(_http(stage, request))


async def _http(stage: Stage, request: dict[str, Any]) -> None:
    (method, path), headers = request["call"], {"Content-Type": "application/json", **request["headers"]}
    # In this process, without a socket: what only a socket can say is the wire's edge.
    transport = httpx.ASGITransport(stage.gateway, raise_app_exceptions=False)
    cookies = {} if "Cookie" in headers else stage.cookies
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=cookies) as client:
        try:
            reply = await client.request(
                method, path, headers=headers, content=request["content"], params=request["params"] or None
            )
        except httpx.InvalidURL:
            return
    if reply.status_code >= SERVER_ERROR:
        raise ServerError(f"{method} {path}: {reply.status_code} {reply.text[:500]}")
    if reply.status_code >= httpx.codes.BAD_REQUEST and method != "HEAD":
        require_problem(reply)


def require_problem(reply: httpx.Response) -> None:
    """Return if the answer says what was wrong, as every error does."""
    if reply.headers.get("content-type") != "application/problem+json" or not reply.json()["advice"]:
        raise CrashError(f"{reply.status_code} without a problem: {reply.text[:300]}")


WIRE: Final = (
    b"GET /v1/kinds HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /v1/guests HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\nabc",
    (
        b"GET /v1/capture HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    ),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(40),
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
)


def feed_wire(stage: Stage, data: bytes) -> None:
    """Bytes on the port."""
    stage.do(_wire(stage, data))


async def _wire(stage: Stage, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.gateway_port)
    with suppress(ConnectionError):
        writer.write(data)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(2000), CALL_TIMEOUT_S)
        if answer.startswith(b"HTTP/1.1 5"):
            raise ServerError(answer.decode("latin-1"))
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def feed_socket(stage: Stage, frames: list[bytes | str]) -> None:
    """Messages on a capture channel."""
    stage.do(_socket(stage, frames))


async def _socket(stage: Stage, frames: list[bytes | str]) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in stage.cookies.items())
    url = f"ws://127.0.0.1:{stage.gateway_port}/v1/capture"
    async with websockets.connect(url, additional_headers={"Cookie": cookie}, max_size=None) as socket:
        with suppress(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), CALL_TIMEOUT_S)
            for frame in frames:
                await socket.send(frame)
            # What was sent is answered by one reading of the newest at least, or the channel is closed.
            with suppress(TimeoutError):
                await asyncio.wait_for(socket.recv(), FRAME_TIMEOUT_S if frames else 0.01)
    if socket.close_code == 1011:
        raise ServerError(f"closed with 1011 {socket.close_reason}")
