"""The emotion service in this process, on real Redis, behind a real gRPC port."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from tests.emotion.support import DEADLINE_S, FakeModel, serve_model

OpenService = Callable[..., AbstractAsyncContextManager[grpc.aio.Channel]]


async def wait_for_health(channel: grpc.aio.Channel, serving: bool) -> None:
    """Return once the service says that it is serving, or that it is not."""
    wanted = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
    request = health_pb2.HealthCheckRequest(service="emoverse.v1.EmotionService")
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its types know Check only
    watch = stub.Watch(request, timeout=DEADLINE_S)
    async for response in watch:
        if response.status == wanted:
            break
    watch.cancel()


@asynccontextmanager
async def _opened(**changes: Any) -> AsyncGenerator[grpc.aio.Channel]:
    settings = EmotionSettings.model_validate({"port": 0, "model_poll_s": 0.05, "model_timeout_s": 5.0, **changes})
    async with open_service(settings) as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


@pytest.fixture
def open_emotion(redis_url: str) -> OpenService:
    """Opens the service with changed settings; yields a channel to it."""
    return partial(_opened, redis_url=redis_url)


@pytest.fixture
async def model() -> FakeModel:
    """The model that `emotion` uses."""
    return FakeModel()


@pytest.fixture
async def tfserving_address(model: FakeModel) -> AsyncIterator[str]:
    async with serve_model(model) as address:
        yield address


@pytest.fixture
async def emotion(open_emotion: OpenService, tfserving_address: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a service that is serving."""
    async with open_emotion(tfserving_address=tfserving_address) as channel:
        async with asyncio.timeout(DEADLINE_S):
            await wait_for_health(channel, serving=True)
        yield channel
