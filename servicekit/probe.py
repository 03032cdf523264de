"""Ask a gRPC server for its health: `python -m servicekit.probe HOST:PORT` exits with 0 if it serves, else with 1."""

import sys
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_S: Final = 2.0


def main(address: str) -> None:
    """Exit with 0 if the server at `address` reports SERVING within `TIMEOUT_S`; else say why not and exit with 1."""
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)  # pyright: ignore[reportAttributeAccessIssue]  (set at run time)
        except grpc.RpcError as error:
            sys.exit(f"{address} does not answer: {error}")
    if reply.status != health_pb2.HealthCheckResponse.SERVING:
        sys.exit(f"{address} answers, but is not serving yet")


if __name__ == "__main__":
    main(sys.argv[1])
