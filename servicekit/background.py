"""Work that goes on beside the rest for as long as a part of the service is open."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

CANCEL_AGAIN_S: Final = 0.2

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def in_background(*work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run `work` while open, then cancel it and wait for its end. Should a bug end it sooner, the log says so."""
    pending = {asyncio.create_task(coroutine) for coroutine in work}
    for task in pending:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        while pending:
            # Before Python 3.12 asyncio.wait_for, with which redis-py sends, loses a cancellation that meets the end of
            # what it waits for: one is not enough.
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.critical("background work ended unexpectedly", work=str(task.get_coro()), exc_info=error)
