"""How to tell from the outside that a part of the system is ready. Each probe answers within `TIMEOUT_S`."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.model import MODEL_NAME
from standalone.model_server.messages import tfs

TIMEOUT_S: Final = 2.0

Probe = Callable[[], Awaitable[bool]]
"""True when the part is ready; never raises for one that is not."""


def redis_answers(url: str) -> Probe:
    """A Redis that answers PING."""

    async def probe() -> bool:
        client = Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        try:
            return bool(await client.ping())  # pyright: ignore[reportGeneralTypeIssues]  (typed for both clients)
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

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
            stub: Any = health_pb2_grpc.HealthStub(channel)
            try:
                response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
            except grpc.aio.AioRpcError:
                return False
        return response.status == health_pb2.HealthCheckResponse.SERVING

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
