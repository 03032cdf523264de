import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from servicekit.errors import ConfigurationError
from servicekit.grpc_server import create_server, serving

NAME = "emoverse.v1.EmotionService"


async def health_of(port: int, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return (await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)).status  # pyright: ignore[reportAttributeAccessIssue]  (set at run time)


@pytest.mark.parametrize("service", ["", NAME])
async def test_health_follows_what_was_reported(service: str):
    server, reporter = await create_server(NAME)
    async with serving(server, "127.0.0.1:0", "EMOTION_PORT") as port:
        for serves in (False, True, False):
            await reporter.set_serving(serves)
            status = health_pb2.HealthCheckResponse
            assert await health_of(port, service) == (status.SERVING if serves else status.NOT_SERVING)


async def test_before_anything_was_reported_it_is_not_serving():
    server, _ = await create_server(NAME)
    async with serving(server, "127.0.0.1:0", "EMOTION_PORT") as port:
        assert await health_of(port, "") == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_port_in_use_names_the_setting():
    first, _ = await create_server(NAME)
    second, _ = await create_server(NAME)
    async with serving(first, "127.0.0.1:0", "EMOTION_PORT") as port:
        with pytest.raises(ConfigurationError, match="EMOTION_PORT") as caught:
            async with serving(second, f"127.0.0.1:{port}", "EMOTION_PORT"):
                pass
    assert caught.value.code == "port_in_use"
