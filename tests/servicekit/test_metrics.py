"""Metrics are fetched over HTTP."""

import urllib.request

import pytest
from prometheus_client import Counter

from servicekit.errors import ConfigurationError
from servicekit.metrics import create_registry, serving_metrics


def fetched(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        return response.read().decode()


def test_what_a_service_and_its_process_tell_is_fetched_and_ends_with_it():
    registry = create_registry()
    Counter("things", "Things.", registry=registry).inc(3)
    with serving_metrics(registry, "127.0.0.1", 0, "X_METRICS_PORT") as port:
        assert port
        text = fetched(port)
    assert "things_total 3.0" in text
    assert "process_resident_memory_bytes" in text
    with pytest.raises(OSError, match="refused"):
        fetched(port)


def test_without_a_port_nothing_is_told_and_a_busy_one_is_named():
    registry = create_registry()
    with serving_metrics(registry, "127.0.0.1", None, "X_METRICS_PORT") as none:
        assert none is None
    with serving_metrics(registry, "127.0.0.1", 0, "X_METRICS_PORT") as port:
        second = serving_metrics(registry, "127.0.0.1", port, "X_METRICS_PORT")
        with pytest.raises(ConfigurationError, match="X_METRICS_PORT"), second:
            pass
