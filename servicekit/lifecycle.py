"""One way to run an asyncio service: start, say so, wait for a signal, stop."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from servicekit.errors import EmoVerseError

_log = structlog.get_logger(__name__)


def run_service(
    open_service: Callable[[], AbstractAsyncContextManager[object]],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Keep what `open_service` opens open until SIGTERM or SIGINT, then close it.

    Everything that must be released is released by the context manager. An `EmoVerseError` while opening or closing is
    logged with its advice and ends the process with status 1.
    """
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_until_signalled(open_service))
    except EmoVerseError as error:
        _log.error(error.message, advice=error.advice, code=error.code)
        sys.exit(1)


async def _until_signalled(open_service: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_service():
        _log.info("ready")
        await stop.wait()
        _log.info("stopping")
