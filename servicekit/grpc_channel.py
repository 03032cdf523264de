"""A gRPC channel to a service of which there may be several."""

from collections.abc import Sequence
from typing import Final

import grpc

from servicekit.tls import Tls

Options = Sequence[tuple[str, int | str]]

_OPTIONS: Final = (
    # Calls are spread over every address that the name has, instead of staying with the first.
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    # A server that comes back should be found soon, not after gRPC's default of up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # A server that comes back elsewhere should be as well: gRPC would look its name up twice a minute at most.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # While calls are in progress, a machine that has gone without a word is noticed.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)


def open_channel(address: str, options: Options = (), tls: Tls | None = None) -> grpc.aio.Channel:
    """A channel to HOST:PORT, where HOST may name many; nothing is connected until the first call.

    A name is looked up again when a connection ends: servers that may become more should end theirs now and then.

    Args:
        options: further gRPC channel arguments.
        tls: None: the line is not encrypted.

    Raises:
        ConfigurationError: a file of `tls` cannot be read or used.
    """
    if tls is None:
        return grpc.aio.insecure_channel(address, options=(*_OPTIONS, *options))
    return grpc.aio.secure_channel(address, tls.credentials(), options=(*_OPTIONS, *options))
