"""The entrance of the compose stack: a real HAProxy before two gateways."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import stamina

from tests.deploy.entrance import entrance_before
from tests.deploy.test_compose import services


class Gateways(NamedTuple):
    url: str
    parts: dict[str, asyncio.Server]
    """By what each of them answers."""


async def answering(name: str) -> asyncio.Server:
    """A server that answers every request with its name."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n" + name.encode())
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.fixture
async def gateways(tmp_path: Path) -> AsyncGenerator[Gateways]:
    async with AsyncExitStack() as stack:
        parts = {name: await stack.enter_async_context(await answering(name)) for name in "ab"}
        ports = [part.sockets[0].getsockname()[1] for part in parts.values()]
        told = services()["entrance"]["environment"]
        entrance = await stack.enter_async_context(entrance_before(ports, [], told, tmp_path))
        yield Gateways(f"http://127.0.0.1:{entrance.browsers}", parts)


@stamina.retry(on=httpx.HTTPError, attempts=None, timeout=30, wait_initial=0.05, wait_max=0.2)
async def asked(browser: httpx.AsyncClient, gateways: Gateways) -> str:
    return (await browser.get(gateways.url)).raise_for_status().text


def browser() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=10)


async def test_a_browser_stays_with_one_gateway_and_browsers_are_spread(gateways: Gateways):
    """While one version takes another's place, the parts of a page come from where the page came from."""
    answers: list[str] = []
    for _ in range(4):
        async with browser() as one:
            answers.append("".join([await asked(one, gateways) for _ in range(6)]))
    assert set(answers) == {"aaaaaa", "bbbbbb"}


async def test_a_browser_whose_gateway_has_gone_goes_to_another(gateways: Gateways):
    async with browser() as one:
        gone = await asked(one, gateways)
        gateways.parts[gone].close()
        assert await asked(one, gateways) != gone
