"""A stack of the benchmark's own: `standalone`'s, on free ports, in a directory that is gone afterwards."""

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NoReturn

import psutil

from benchmarks.processes import listener
from servicekit.errors import UnavailableError
from standalone.ports import LOOPBACK, free_ports
from standalone.probes import grpc_serves

READY_TIMEOUT_S: Final = 180.0
STOP_TIMEOUT_S: Final = 60.0
PROBE_INTERVAL_S: Final = 0.2
READY_LINE: Final = b"emotion gRPC is at"


@asynccontextmanager
async def private_stack(workers: int = 1) -> AsyncGenerator[list[str]]:
    """Run the whole system while open; yields HOST:PORT of every emotion worker.

    Args:
        workers: emotion services; those beyond the first share its Redis and model server.

    Raises:
        UnavailableError: it did not come up.
    """
    async with AsyncExitStack() as stack:
        gateway_port, *ports = free_ports(1 + workers)
        await stack.enter_async_context(_standalone(gateway_port, ports[0]))
        for port in ports[1:]:
            environment = _environment_of(ports[0]) | {"EMOTION_PORT": str(port)}
            await stack.enter_async_context(_running(("services.emotion",), environment))
            await _until_serving(f"{LOOPBACK}:{port}")
        yield [f"{LOOPBACK}:{port}" for port in ports]


@asynccontextmanager
async def gateway_stack() -> AsyncGenerator[tuple[str, str]]:
    """Run the whole system while open; yields the URL of its gateway and of the Redis behind it.

    Raises:
        UnavailableError: it did not come up.
    """
    gateway_port, emotion_port = free_ports(2)
    async with _standalone(gateway_port, emotion_port):
        yield f"http://{LOOPBACK}:{gateway_port}", _environment_of(gateway_port)["REDIS_URL"]


@asynccontextmanager
async def _standalone(gateway_port: int, emotion_port: int) -> AsyncGenerator[None]:
    with tempfile.TemporaryDirectory(prefix="emoverse-benchmark-") as folder:
        environment = os.environ | {"GATEWAY_PORT": str(gateway_port), "EMOTION_PORT": str(emotion_port)}
        arguments = ("standalone", "--no-demo", "--data-dir", folder)
        async with _running(arguments, environment, wait_for=READY_LINE):
            yield


@asynccontextmanager
async def _running(
    arguments: tuple[str, ...], environment: dict[str, str], wait_for: bytes | None = None
) -> AsyncGenerator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env=environment, stdin=DEVNULL, stdout=PIPE if wait_for else DEVNULL,
        stderr=DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        if wait_for:
            await _until_printed(process, wait_for)
        yield
    finally:
        await _stop(process)


async def _until_printed(process: Process, wanted: bytes) -> None:
    output = process.stdout
    said: list[str] = []
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while output and (line := await output.readline()):
                if wanted in line:
                    return
                said.append(line.decode(errors="replace"))
    except TimeoutError:
        pass
    _not_up("".join(said[-10:]))


async def _until_serving(address: str) -> None:
    probe = grpc_serves(address)
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while True:
                if await probe():
                    return
                await asyncio.sleep(PROBE_INTERVAL_S)
    except TimeoutError:
        _not_up(f"the emotion worker at {address} does not serve")


def _not_up(said: str) -> NoReturn:
    raise UnavailableError(f"The stack did not come up: {said.strip()}", "See that `make run` works, then try again.")


def _environment_of(port: int) -> dict[str, str]:
    process = listener(port) or psutil.Process()
    return process.environ()


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
