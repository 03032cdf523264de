"""Wires one run of the whole system."""

import asyncio
import fcntl
import signal
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from servicekit.errors import ConflictError
from standalone.live import follow
from standalone.parts import DEMO_USER, plan
from standalone.ports import is_free
from standalone.settings import StackSettings
from standalone.stack import Stack
from standalone.supervision import log_dir, supervised
from standalone.terminal import Terminal

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(settings: StackSettings, data_dir: Path, with_demo: bool, terminal: Terminal) -> None:
    """Bring everything up and show what happens, until SIGINT, SIGTERM or SIGHUP; a second one stops without waiting.

    Raises:
        ConflictError: another run uses the data directory, or a public port is taken.
        ConfigurationError: there is no Redis to be had, or no supervisor to start.
        PartFailedError: a part did not become ready, or the supervisor has gone.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    _check_ports(settings)
    with _exclusive(data_dir):
        the_plan = plan(settings, data_dir, with_demo)
        async with supervised(the_plan.parts, the_plan.environment, data_dir, hurry) as supervisor:
            stack = Stack(the_plan.parts, supervisor, data_dir, settings.ready_timeout_s, terminal.say)
            if await _unless(stop, stack.start()):
                terminal.say(f"EmoVerse is at {the_plan.gateway_url} (API: {the_plan.gateway_url}/docs)")
                terminal.say(f"emotion gRPC is at {the_plan.emotion_address}; logs are in {log_dir(data_dir)}")
                terminal.say("Ctrl-C stops everything")
                await _unless(stop, _show(stack, the_plan.gateway_url, terminal))
            terminal.say("stopping")
    terminal.say("stopped")


async def _show(stack: Stack, gateway_url: str, terminal: Terminal) -> None:
    terminal.open_picture()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(stack.watch())
            group.create_task(_follow(gateway_url, terminal))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        terminal.close_picture()


async def _follow(gateway_url: str, terminal: Terminal) -> None:
    async for message in follow(gateway_url, DEMO_USER):
        terminal.show(message)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether `work` came to its end before `stop` was set; if not, it is cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return False
        await working
        return True
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait((working, stopping))


def _check_ports(settings: StackSettings) -> None:
    for host, port, variable in (
        (settings.gateway_host, settings.gateway_port, "GATEWAY_PORT"),
        (settings.emotion_host, settings.emotion_port, "EMOTION_PORT"),
    ):
        if not is_free(host, port):
            raise ConflictError(
                f"Port {port} on {host} is in use.", f"Free it, or set {variable} to another one.", code="port_in_use"
            )


@contextmanager
def _exclusive(data_dir: Path) -> Generator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"Another run uses {data_dir}.",
                "Stop it, or choose another directory with --data-dir, and ports with GATEWAY_PORT and EMOTION_PORT.",
                code="data_dir_in_use",
            ) from error
        yield
