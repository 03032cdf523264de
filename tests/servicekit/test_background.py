import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from servicekit.background import in_background

pytestmark = pytest.mark.usefixtures("_fresh_logging")


@pytest.fixture
def _fresh_logging() -> None:
    structlog.reset_defaults()


async def test_work_goes_on_while_open_and_ends_with_it():
    started, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with in_background(work()), asyncio.timeout(5):
        await started.wait()
        assert not ended.is_set()
    assert ended.is_set()


async def test_work_that_loses_a_cancellation_is_cancelled_again():
    lost = 0

    async def work() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
        await asyncio.Event().wait()

    async with asyncio.timeout(5), in_background(work()):
        await asyncio.sleep(0)
    assert lost == 2


async def test_work_that_fails_is_told_by_the_log():
    async def work() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with in_background(work()):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert [entry["log_level"] for entry in logs] == ["critical"]
