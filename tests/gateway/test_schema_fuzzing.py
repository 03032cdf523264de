"""Requests made up from the OpenAPI document, good ones and bad ones, under all of schemathesis's checks: answers are
as described, bad data, other methods and missing sessions are refused, and good data is not."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from threading import Thread
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import FakeRecommender, running

EXAMPLES = 10
QUIET: Any = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
ENDLESS = "getLive"
"""Answers for ever: tests/gateway/test_live_routes.py looks at it."""

SCHEMA: Any = schemathesis.openapi.from_dict(create_app(GatewaySettings()).openapi())


@pytest.fixture(scope="module")
def url(shared_redis_url: str, prepared_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway on a real port, in a thread of its own."""
    file = tmp_path_factory.mktemp("fuzzing") / "gateway.db"
    file.write_bytes(prepared_database.read_bytes())
    started, stop = Future[str](), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(running(FakeRecommender()))
            chosen = GatewaySettings(
                redis_url=shared_redis_url, database_url=f"sqlite:///{file}", recommender_address=address,
                emotion_address="127.0.0.1:1", port=0, open=True,
            )  # fmt: skip
            port = await stack.enter_async_context(serving(create_app(chosen), chosen))
            started.set_result(f"http://127.0.0.1:{port}")
            await stop.wait()

    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield started.result(60)
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    loop.close()


@pytest.fixture
def cookies(url: str, redis_url: str) -> dict[str, str]:
    """Of a guest."""
    return dict(httpx.post(f"{url}/v1/guests").raise_for_status().cookies)


@SCHEMA.exclude(operation_id=ENDLESS).parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=QUIET)
def test_made_up_requests_get_described_answers(case: Any, url: str, cookies: dict[str, str]):
    response = case.call(base_url=url, cookies=cookies, timeout=30, allow_redirects=False)
    case.validate_response(response)
