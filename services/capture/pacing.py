"""How often to send, and how good a picture: as much as the server and the line take, found by trying.

Additive increase and multiplicative decrease (Chiu and Jain, 1989): a little more after every calm second, a quarter
less when frames are dropped or answers come late. The rate gives way first, since a mood lasts seconds; only at its
lowest do the pictures get smaller. A step that was too much is tried again ever more rarely.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.leg import TimedReading

LOWEST_FPS: Final = 5.0
"""The mood follows a face well enough down to here."""
FIRST_FPS: Final = 10.0
MAX_SIDE_PX: Final = 1280
"""Larger pictures are scaled down: no face is found better in them, and they only load the line."""

WINDOW_S: Final = 1.0
LATE: Final = 2.0
"""How many times its usual latency an answer may take,"""
SLACK_MS: Final = 50.0
"""and how much more than that."""
REMEMBERED_WINDOWS: Final = 30
"""Of these the quickest tells the usual latency."""
LESS: Final = 0.75
MORE_FPS: Final = 1.0
LONGEST_CALM: Final = 64
"""Calm windows before the next step up, at most."""


class Encoding(NamedTuple):
    """How to make a JPEG of a picture."""

    width_px: int = MAX_SIDE_PX
    """At most."""
    height_px: int = MAX_SIDE_PX
    quality: int = 85
    """0..100."""


class _Step(NamedTuple):
    side_px: int
    quality: int


STEPS: Final = (_Step(320, 60), _Step(480, 70), _Step(640, 70), _Step(MAX_SIDE_PX, 70), _Step(MAX_SIDE_PX, 85))
"""From the smallest picture to the best."""


class _Level(NamedTuple):
    step: int
    """Of `STEPS`."""
    fps: float


class Pacer:
    """Pure: time comes in with every reading.

    Args:
        max_fps: what the person asked for at most.
    """

    def __init__(self, max_fps: float) -> None:
        self._max_fps = max_fps
        self._level = _Level(len(STEPS) - 1, min(FIRST_FPS, max_fps))
        self._failed: _Level | None = None
        """The last step up that was too much."""
        self._raised = False
        self._calm = 0
        self._patience = 1
        """Calm windows before a level that failed is tried again."""
        self._pace = emotion_pb2.Pace()
        self._latencies_ms: list[float] = []
        self._usual_ms: list[float] = []
        self._window_ends_s: float | None = None
        self._dropped = self._dropped_before = 0

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return min(self._level.fps, self._ceiling)

    @property
    def encoding(self) -> Encoding:
        """How to make them."""
        side, quality = STEPS[self._level.step]
        width, height = self._pace.useful_width_px or side, self._pace.useful_height_px or side
        return Encoding(min(side, width), min(side, height), quality)

    def observe(self, timed: TimedReading, pace: emotion_pb2.Pace, dropped: int, at_s: float) -> None:
        """Take in a reading.

        Args:
            pace: what the server can make use of.
            dropped: frames of this stream that were never read so far, here or there.
            at_s: now, of a clock that never runs backwards.
        """
        self._pace, self._dropped = pace, dropped
        if timed.reading.status != emotion_pb2.READING_STATUS_DROPPED:
            self._latencies_ms.append(timed.latency_ms)
        if self._window_ends_s is None:
            self._window_ends_s = at_s + WINDOW_S
        elif at_s >= self._window_ends_s:
            self._window_ends_s = at_s + WINDOW_S
            self._judge()

    @property
    def _ceiling(self) -> float:
        wished = self._pace.max_fps
        return min(self._max_fps, wished) if wished > 0 else self._max_fps

    def _judge(self) -> None:
        too_much = self._dropped > self._dropped_before or self._is_late(self._latencies_ms)
        self._dropped_before, self._latencies_ms = self._dropped, []
        if too_much:
            self._lower()
        else:
            self._raise()

    def _is_late(self, latencies_ms: Sequence[float]) -> bool:
        if not latencies_ms:
            return False
        latency_ms = median(latencies_ms)
        usual_ms = min(self._usual_ms, default=latency_ms)
        self._usual_ms = [*self._usual_ms[1 - REMEMBERED_WINDOWS :], latency_ms]
        return latency_ms > LATE * usual_ms + SLACK_MS

    def _lower(self) -> None:
        if self._raised:
            self._failed, self._patience = self._level, min(LONGEST_CALM, 2 * self._patience)
        self._raised, self._calm = False, 0
        lowest = min(LOWEST_FPS, self._ceiling)
        if self.fps > lowest:
            self._level = self._level._replace(fps=max(lowest, LESS * self.fps))
        else:
            self._level = self._level._replace(step=max(0, self._level.step - 1))

    def _raise(self) -> None:
        self._calm += 1
        higher = self._higher()
        if higher is None or (self._failed and higher >= self._failed and self._calm < self._patience):
            return
        if self._failed and self._level >= self._failed:
            # What failed goes well now.
            self._failed, self._patience = None, 1
        self._level, self._raised, self._calm = higher, True, 0

    def _higher(self) -> _Level | None:
        if self.fps < self._ceiling:
            return _Level(self._level.step, min(self.fps + MORE_FPS, self._ceiling))
        return _Level(self._level.step + 1, self.fps) if self._level.step + 1 < len(STEPS) else None
