"""Metrics of one process, for Prometheus to fetch."""

from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server

from servicekit.errors import ConfigurationError


def create_registry() -> CollectorRegistry:
    """A registry of a service's own, with what every process tells: processor time, memory, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@contextmanager
def serving_metrics(registry: CollectorRegistry, host: str, port: int | None, setting: str) -> Generator[int | None]:
    """Answer GET /metrics while open, in a thread; yields the bound port.

    Args:
        port: 0 takes a free one; None: do not answer.
        setting: the environment variable that holds the port, named in the error.

    Raises:
        ConfigurationError: the port cannot be bound.
    """
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot answer /metrics on {host}:{port}: {error.strerror}.",
            f"Free the port or set {setting} to another one.",
            code="port_in_use",
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
