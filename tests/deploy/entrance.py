"""The entrance of the compose stack: a real HAProxy with its configuration, before servers of the test's own."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from standalone.ports import free_ports
from tests.deploy.test_compose import ROOT


class Ports(NamedTuple):
    cameras: int
    browsers: int
    status: int


def haproxy() -> str:
    """The program, or a skipped test."""
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or pytest.skip("HAProxy is not installed: apt-get install haproxy")


@asynccontextmanager
async def entrance_before(
    gateways: Sequence[int], workers: Sequence[int], told: Mapping[str, str], folder: Path
) -> AsyncGenerator[Ports]:
    """HAProxy before gateways and emotion workers at these ports of this machine.

    Args:
        told: its environment.
        folder: for its files.
    """
    program, ports = haproxy(), Ports(*free_ports(3))
    config = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()
    for there, here in {
        "server-template emotion- 32 emotion:50051": _servers("emotion", workers),
        "server-template gateway- 8 gateway:8000": _servers("gateway", gateways),
        "bind :50051": f"bind 127.0.0.1:{ports.cameras}",
        "bind :8000": f"bind 127.0.0.1:{ports.browsers}",
        "bind :8404": f"bind 127.0.0.1:{ports.status}",
        "/tmp/haproxy.sock": str(folder / "socket"),  # noqa: S108  (of the container)
        "maxconn 8000": "maxconn 100",
    }.items():
        assert there in config
        config = config.replace(there, here)
    (folder / "haproxy.cfg").write_text(config)
    proxy = await asyncio.create_subprocess_exec(program, "-f", str(folder / "haproxy.cfg"), env=told)
    try:
        yield ports
    finally:
        proxy.terminate()
        await proxy.wait()


def _servers(name: str, ports: Sequence[int]) -> str:
    return "\n".join(f"server {name}-{number} 127.0.0.1:{port}" for number, port in enumerate(ports, 1))
