"""Ask a gRPC server for its health: `python -m servicekit.probe HOST:PORT [NAME]` exits with 0 if it serves, else 1.

NAME is the one in its certificate, where that is not HOST. Whether TLS is spoken, the settings of the services say.
"""

import asyncio
import sys
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from servicekit.grpc_channel import open_channel
from servicekit.settings import ServiceSettings, load_settings

TIMEOUT_S: Final = 2.0
SERVING: Final = "SERVING"


async def health_of(channel: grpc.aio.Channel, service: str = "") -> str:
    """The health that the server at the other end reports, e.g. `SERVING`.

    Args:
        channel: to the server.
        service: the full name of a service on it; empty asks for the server as a whole.

    Raises:
        grpc.aio.AioRpcError: there is no answer within `TIMEOUT_S`.
    """
    # The type stubs of grpcio-health-checking know the class without its methods.
    stub: Any = health_pb2_grpc.HealthStub(channel)
    reply = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_S)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)


async def main(address: str, name: str = "") -> None:
    """Exit with 0 if the server at `address` reports SERVING within `TIMEOUT_S`; else say why not and exit with 1."""
    called = (("grpc.ssl_target_name_override", name),) if name else ()
    async with open_channel(address, called, load_settings(ServiceSettings).inside) as channel:
        try:
            health = await health_of(channel)
        except grpc.aio.AioRpcError as error:
            sys.exit(f"{address} does not answer: {error.details()}")
    if health != SERVING:
        sys.exit(f"{address} answers, but is not serving yet")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
