"""A gRPC server with the standard health and reflection services."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from servicekit.errors import ConfigurationError
from servicekit.grpc_channel import Options
from servicekit.grpc_messages import ReadableMessages
from servicekit.tls import Tls

DRAIN_S: Final = 5.0
"""How long calls in progress may take to end after a stop was asked for."""


class HealthReporter:
    """Tells gRPC health checks whether this server can do its work."""

    def __init__(self, service_name: str) -> None:
        self._service_name = service_name
        self.servicer = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]  (set at import time)

    async def set_serving(self, serving: bool) -> None:
        """Report SERVING or NOT_SERVING, for the service by name and for the server as a whole ("")."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", self._service_name):
            await self.servicer.set(name, status)


async def create_server(
    service_name: str, options: Options = (), interceptors: Sequence[grpc.aio.ServerInterceptor] = ()
) -> tuple[grpc.aio.Server, HealthReporter]:
    """A server that is not started yet, with health (NOT_SERVING) and reflection on it.

    Args:
        service_name: the full name of its one service, e.g. "emoverse.v1.EmotionService".
        options: gRPC channel arguments.
        interceptors: around every call, the first outermost.
    """
    # Without this, a second process could share a port that is in use, and steal half of its calls.
    readable = [*interceptors, ReadableMessages()]
    server = grpc.aio.server(interceptors=readable, options=[("grpc.so_reuseport", 0), *options])
    reporter = HealthReporter(service_name)
    await reporter.set_serving(False)
    health_pb2_grpc.add_HealthServicer_to_server(reporter.servicer, server)
    reflection.enable_server_reflection([service_name, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    return server, reporter


@asynccontextmanager
async def serving(server: grpc.aio.Server, address: str, setting: str, tls: Tls | None = None) -> AsyncGenerator[int]:
    """Serve at `address` while open, then drain; yields the bound port.

    Args:
        server: with its services added, not started.
        address: HOST:PORT; port 0 takes a free one.
        setting: the environment variable that holds the port, named in the error.
        tls: with it only TLS is spoken.

    Raises:
        ConfigurationError: the address cannot be bound, or a certificate cannot be read or used.
    """
    credentials = tls and tls.server_credentials()
    try:
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise ConfigurationError(
            f"Cannot listen on {address}: the port is in use, or not for this user.",
            f"Free the port or set {setting} to another one.",
            code="port_in_use",
        ) from error
    await server.start()
    try:
        yield port
    finally:
        await server.stop(DRAIN_S)
