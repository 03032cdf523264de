"""How late frames come, told without trusting the device's clock."""

from typing import Final

WINDOW_S: Final = 30.0
"""The quickest trip is forgotten after one to two of these, so that clocks that drift apart do not look like lag."""


class LagMeter:
    """One stream's. The trip from capture to arrival holds the difference of two clocks; what is above the quickest
    trip seen lately does not."""

    def __init__(self) -> None:
        self._window_ends_s = float("-inf")
        self._quickest = self._quickest_before = float("inf")

    def measure(self, captured_s: float, received_s: float) -> float:
        """Seconds, at least 0, by which this frame came later than the quickest.

        Args:
            captured_s: of the device's clock, whatever it says.
            received_s: of ours, never running backwards.
        """
        if received_s >= self._window_ends_s:
            self._window_ends_s = received_s + WINDOW_S
            self._quickest, self._quickest_before = float("inf"), self._quickest
        trip = received_s - captured_s
        self._quickest = min(self._quickest, trip)
        return trip - min(self._quickest, self._quickest_before)
