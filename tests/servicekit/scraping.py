"""Prometheus, as far as a test needs one."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families


def scrape(port: int) -> dict[str, float]:
    """Every sample by its name and the values of its labels, without a histogram's bounds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        families = list(text_string_to_metric_families(response.read().decode()))
    return {
        " ".join([sample.name, *(label for name, label in sample.labels.items() if name != "le")]): sample.value
        for family in families
        for sample in family.samples
    }
