"""What so many streams need follows from what was measured."""

import pytest

from benchmarks.sizing import Costs, Need, People, most_streams, need_of, read_costs

PEOPLE = People(fps=5, changes_per_s=0.05, heartbeats_per_s=0.2, feedback_per_s=0.01)
COSTS = Costs(
    cores_per_stream={"emotion": 0.01, "model": 0.005, "recommender": 0.002, "gateway": 0.001},
    delivery_s={"mood": 1e-6, "picks": 40e-6},
    direct_s={"mood": 10e-6, "picks": 80e-6},
    writes_per_s=400,
)


def need(streams: int) -> Need:
    return need_of(streams, PEOPLE, COSTS, busy=0.5)


def test_cores_and_databases_grow_with_the_streams_and_a_shared_channel_with_their_square():
    one, ten = need(10_000), need(100_000)
    assert one.cores == {"emotion": 200, "model": 100, "recommender": 40, "gateway": 20}
    assert one.databases == 1
    assert ten.databases == 5
    assert ten.direct_redis == pytest.approx(10 * one.direct_redis)
    assert ten.shared_redis == pytest.approx(100 * one.shared_redis)
    # 2,500 moods to 60 subscribers, and 500 lists to 20.
    assert one.shared_redis == pytest.approx((2500 * 60 * 1e-6 + 500 * 20 * 40e-6) / 0.5)


def test_what_is_full_first_is_found():
    most = most_streams(lambda each: each.databases <= 1, need)
    assert most == pytest.approx(20_000, rel=0.02)


def test_costs_are_read_from_the_reports_of_the_benchmarks():
    frame = {"emotion": 2.0, "model-server": 1.0, "recommender": 0.4, "gateway": 0.2}
    runs = [
        {"event": event, "subscribers": 4, "channels": channels, "cpu_us_per_event": cost, "deliveries_per_event": sent}
        for event, size in (("mood", 1), ("picks", 10))
        for channels, cost, sent in ((1, 8 * size, 4), (4, 3 * size, 1))
    ]
    costs = read_costs(
        {"cpu_ms_per_frame": frame}, {"redis": runs}, {"database": {"writes_per_s": {"1": 100, "4": 300}}}, fps=5
    )
    assert costs.cores_per_stream["emotion"] == pytest.approx(0.01)
    assert costs.delivery_s == {"mood": pytest.approx(2e-6), "picks": pytest.approx(20e-6)}
    assert costs.direct_s == {"mood": pytest.approx(3e-6), "picks": pytest.approx(30e-6)}
    assert costs.writes_per_s == 300
