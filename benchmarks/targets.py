"""What is measured: a running emotion service, or a stack of the benchmark's own."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import psutil

from benchmarks.private_stack import private_stack
from benchmarks.processes import costs, stack_around
from servicekit.errors import UnavailableError
from standalone.ports import LOOPBACK

DEFAULT_ADDRESS: Final = f"{LOOPBACK}:50051"
CONNECT_TIMEOUT_S: Final = 2.0
QUIET_WITHIN_S: Final = 60
QUIET_SHARE: Final = 0.1
"""Of one core: below it a stack does nothing but wait."""


class Target(NamedTuple):
    """A system to measure."""

    addresses: Sequence[str]
    """HOST:PORT of each emotion worker."""
    processes: Sequence[psutil.Process]
    """Of this machine; empty where it runs elsewhere."""


@asynccontextmanager
async def open_target(server: str | None, workers: int = 1) -> AsyncGenerator[Target]:
    """The service at `server`; without one, what listens at the default address; else a stack of our own while open.

    Args:
        workers: emotion workers of our own stack; more than one never uses a running one.

    Raises:
        UnavailableError: nothing listens at `server`, or our own stack did not come up.
    """
    if server is not None and not _listens(server):
        raise UnavailableError(f"Nothing listens at {server}.", "Start it, or leave --server out.")
    running = server or (DEFAULT_ADDRESS if workers == 1 and _listens(DEFAULT_ADDRESS) else None)
    if running is not None:
        yield _target([running])
        return
    async with private_stack(workers) as addresses:
        target = _target(addresses)
        await _until_quiet(target.processes)
        yield target


async def _until_quiet(processes: Sequence[psutil.Process]) -> None:
    """Wait until what a new stack computes once, such as its clusters, is done; not for ever."""
    for _ in range(QUIET_WITHIN_S):
        before = costs(processes)
        await asyncio.sleep(1)
        after = costs(processes)
        if sum(after[name].cpu_s - before[name].cpu_s for name in before.keys() & after) < QUIET_SHARE:
            return


def _target(addresses: Sequence[str]) -> Target:
    ports = [int(address.rpartition(":")[2]) for address in addresses]
    processes = {process.pid: process for port in ports for process in stack_around(port)}
    return Target(addresses, list(processes.values()))


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
