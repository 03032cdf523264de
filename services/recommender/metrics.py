"""What a recommender tells Prometheus."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

TIMES_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class RecommenderMetrics:
    """Of one recommender.

    Args:
        registry: that it is told in.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.moods = Counter(
            "recommender_moods",
            "Moods heard, by outcome: answered, claimed_elsewhere, repeated, or unclaimed for want of Redis.",
            ["outcome"],
            registry=registry,
        )
        self.lists = Counter(
            "recommender_lists",
            "Fresh lists, by outcome.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("published", "failed", "dropped"):
            self.lists.labels(outcome)
        self.list_s = Histogram(
            "recommender_list_seconds", "From asked for to published.", buckets=TIMES_S, registry=registry
        )
        self.rank_s = Histogram(
            "recommender_rank_seconds", "Ranking every kind, with waiting.", buckets=TIMES_S, registry=registry
        )
        self.calls = Counter("recommender_calls", "Calls, by method and status.", ["method", "code"], registry=registry)
        self.call_s = Histogram(
            "recommender_call_seconds", "By method.", ["method"], buckets=TIMES_S, registry=registry
        )
        self._registry = registry

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Tell what `value` gives whenever it is fetched."""
        Gauge(f"recommender_{name}", what, registry=self._registry).set_function(value)
