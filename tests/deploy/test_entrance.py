"""The entrance of the compose stack: a real HAProxy before two gateways."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import stamina

from standalone.ports import free_ports
from tests.deploy.test_compose import ROOT, services
from tests.deploy.test_tls import haproxy


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
    program = haproxy()
    cameras, browsers, status = free_ports(3)
    async with AsyncExitStack() as stack:
        parts = {name: await stack.enter_async_context(await answering(name)) for name in "ab"}
        ports = [part.sockets[0].getsockname()[1] for part in parts.values()]
        config = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()
        for there, here in {
            "server-template gateway- 8 gateway:8000": "\n".join(f"server g{port} 127.0.0.1:{port}" for port in ports),
            "server-template emotion- 32 emotion:50051": "",
            "bind :50051": f"bind 127.0.0.1:{cameras}",
            "bind :8000": f"bind 127.0.0.1:{browsers}",
            "bind :8404": f"bind 127.0.0.1:{status}",
            "/tmp/haproxy.sock": str(tmp_path / "socket"),  # noqa: S108  (of the container)
            "maxconn 8000": "maxconn 100",
        }.items():
            assert there in config
            config = config.replace(there, here)
        (tmp_path / "haproxy.cfg").write_text(config)
        lines = services()["entrance"]["environment"]
        proxy = await asyncio.create_subprocess_exec(program, "-f", str(tmp_path / "haproxy.cfg"), env=lines)
        stack.push_async_callback(proxy.wait)
        stack.callback(proxy.terminate)
        yield Gateways(f"http://127.0.0.1:{browsers}", parts)


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
