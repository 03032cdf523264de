"""One real stack for every benchmark's test."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from benchmarks.targets import Target, open_target


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def target() -> AsyncGenerator[Target]:
    """A stack of the benchmark's own, with two emotion workers."""
    async with open_target(None, workers=2) as opened:
        yield opened
