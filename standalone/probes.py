"""How to tell from the outside that a part of the system is ready. Each probe answers within seconds."""

from collections.abc import Awaitable, Callable
from typing import Final

import grpc
import httpx
from redis.exceptions import RedisError

from contracts.model import MODEL_NAME
from contracts.tfserving import tfs
from servicekit.probe import SERVING, health_of
from servicekit.pubsub import open_redis

TIMEOUT_S: Final = 2.0

Probe = Callable[[], Awaitable[bool]]
"""True when the part is ready; never raises for one that is not."""


def redis_answers(url: str) -> Probe:
    """A Redis that answers PING."""

    async def probe() -> bool:
        async with open_redis(url) as client:
            try:
                return bool(await client.ping())  # pyright: ignore[reportGeneralTypeIssues]  (typed for both clients)
            except (RedisError, OSError):
                return False

    return probe


def model_is_served(address: str) -> Probe:
    """A TensorFlow Serving, ours or the real one, with a version of the emotion model."""
    request = tfs.get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = MODEL_NAME
    available = tfs.get_model_status_pb2.ModelVersionStatus.AVAILABLE

    async def probe() -> bool:
        async with grpc.aio.insecure_channel(address) as channel:
            stub = tfs.model_service_pb2_grpc.ModelServiceStub(channel)
            try:
                response = await stub.GetModelStatus(request, timeout=TIMEOUT_S)
            except grpc.aio.AioRpcError:
                return False
        return any(version.state == available for version in response.model_version_status)

    return probe


def grpc_serves(address: str) -> Probe:
    """A gRPC server whose health is SERVING."""

    async def probe() -> bool:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                return await health_of(channel) == SERVING
            except grpc.aio.AioRpcError:
                return False

    return probe


def http_answers(url: str) -> Probe:
    """A URL that answers with success."""

    async def probe() -> bool:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            try:
                return (await client.get(url)).is_success
            except httpx.HTTPError:
                return False

    return probe
