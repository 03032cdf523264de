"""Prometheus, as far as a test needs one."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families


def fetch(port: int) -> str:
    """What is told, in Prometheus's text format."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        return response.read().decode()


def scrape(port: int) -> dict[str, float]:
    """Every sample by its name and the values of its labels (in alphabetic order of theirs), without a bucket's."""
    families = text_string_to_metric_families(fetch(port))
    return {
        " ".join([sample.name, *(label for name, label in sample.labels.items() if name != "le")]): sample.value
        for family in families
        for sample in family.samples
    }
