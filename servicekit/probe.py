"""Ask a gRPC server for its health: `python -m servicekit.probe HOST:PORT` exits with 0 if it serves, else with 1."""

import asyncio
import sys
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

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


async def main(address: str) -> None:
    """Exit with 0 if the server at `address` reports SERVING within `TIMEOUT_S`; else say why not and exit with 1."""
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            health = await health_of(channel)
        except grpc.aio.AioRpcError as error:
            sys.exit(f"{address} does not answer: {error.details()}")
    if health != SERVING:
        sys.exit(f"{address} answers, but is not serving yet")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
