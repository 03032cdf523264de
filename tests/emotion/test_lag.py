"""Lag is told without trusting the device's clock."""

import pytest

from services.emotion.lag import WINDOW_S, LagMeter

OFFSET_S = 1e6
"""What the device's clock is ahead of ours."""


def test_the_quickest_trip_is_no_lag_and_slower_ones_are_whatever_the_clocks_say():
    meter = LagMeter()
    assert meter.measure(OFFSET_S, 0.05) == 0
    assert meter.measure(OFFSET_S + 1, 1.35) == pytest.approx(0.3)
    assert meter.measure(OFFSET_S + 2, 2.05) == pytest.approx(0)


def test_clocks_that_drift_apart_do_not_look_like_lag():
    meter = LagMeter()
    lags = [meter.measure(at * 0.999, at) for at in range(600)]
    assert max(lags) <= 2 * WINDOW_S * 0.001 + 1e-6


@pytest.mark.parametrize("captured_s", [0.0, -1e18, 1e18])
def test_a_clock_may_say_anything(captured_s: float):
    meter = LagMeter()
    meter.measure(5.0, 6.0)
    assert meter.measure(captured_s, 7.0) >= 0
