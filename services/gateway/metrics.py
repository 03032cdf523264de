"""What a gateway tells Prometheus."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

TIMES_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class GatewayMetrics:
    """Of one gateway.

    Args:
        registry: that it is told in.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("gateway_requests", "Requests.", ["method", "route", "status"], registry=registry)
        self.request_s = Histogram(
            "gateway_request_seconds", "Until the answer begins.", ["route"], buckets=TIMES_S, registry=registry
        )
        self.live_messages = Counter(
            "gateway_live_messages", "Moods and picks handed to live readers.", ["event"], registry=registry
        )
        self.live_age_s = Histogram(
            "gateway_live_age_seconds",
            "From published to handed to live readers, by the clocks of two machines.",
            ["event"],
            buckets=TIMES_S,
            registry=registry,
        )
        self._registry = registry

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Tell what `value` gives whenever it is fetched."""
        Gauge(f"gateway_{name}", what, registry=self._registry).set_function(value)
