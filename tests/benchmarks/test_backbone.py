"""The benchmark of Redis and the database measures something."""

from pathlib import Path

from benchmarks import backbone


def test_one_channel_for_all_sends_every_event_to_every_subscriber_and_one_for_each_does_not(tmp_path: Path):
    runs = backbone.measure_redis(tmp_path, {"picks": "x" * 500}, subscribers=(1, 4))
    assert [(run["subscribers"], run["channels"], run["deliveries_per_event"]) for run in runs] == [
        (1, 1, 1),
        (4, 1, 4),
        (4, 4, 1),
    ]
    assert all(float(run["events_per_s"]) > 0 for run in runs)
