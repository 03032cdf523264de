"""How much this worker can take: learned from what frames cost, told to clients, and the ground for refusing more."""

from typing import Final, NamedTuple

USE: Final = 0.8
"""The share of the threads' time to plan with; above it, waiting times grow without bound."""
EXPECTED_COST_S: Final = 0.01
"""Of a frame, until it is learned."""
LEAST_COST_S: Final = 0.0005
"""A frame whose faces were found on the device still has to be received and answered."""
SMOOTHING: Final = 0.02
"""The weight of one frame in the average cost."""
NOTABLE: Final = 0.2
"""By what share a frame rate must differ from the one told last to be worth telling."""

FACE_PX: Final = 96
"""Twice the model's input: a larger face says no more."""
SIDE_PX: Final = (320, 768)
"""The useful length of a picture's longer side: at least, for a face that comes closer, and to find one where there is
none; at most, for the smallest face that is looked for."""
STEP_PX: Final = 80


class Pace(NamedTuple):
    """What the server can make use of; 0: no wish."""

    max_fps: float = 0.0
    width_px: int = 0
    height_px: int = 0

    def differs(self, told: "Pace") -> bool:
        """Whether it is worth telling after `told`."""
        return self[1:] != told[1:] or abs(self.max_fps - told.max_fps) > NOTABLE * told.max_fps


class Workload:
    """What the frames of this worker's streams cost.

    Args:
        threads: that read frames.
        min_fps: what every accepted stream is to get at least.
        max_fps: above this a stream's rate is of no concern.
    """

    def __init__(self, threads: int, min_fps: float, max_fps: float) -> None:
        self._threads = threads
        self._min_fps = min_fps
        self._max_fps = max_fps
        self._cost_s = EXPECTED_COST_S
        self.streams = 0
        """Those accepted now."""

    def add(self, cost_s: float) -> None:
        """Take in how long a frame kept a thread busy."""
        self._cost_s += SMOOTHING * (cost_s - self._cost_s)

    @property
    def has_room(self) -> bool:
        """Whether one more stream can have `min_fps`, and all others too."""
        # The first is always taken: without frames nothing would be learned any more.
        return not self.streams or self._share(self.streams + 1) >= self._min_fps

    @property
    def fps_each(self) -> float:
        """Frames a second that each stream may send; 0: as many as it likes."""
        share = max(self._min_fps, self._share(self.streams))
        return 0.0 if share >= self._max_fps else share

    def _share(self, streams: int) -> float:
        return USE * self._threads / max(LEAST_COST_S, self._cost_s) / max(1, streams)


def useful_size(size: tuple[int, int], face_px: int | None) -> tuple[int, int]:
    """The size that a picture of (width, height) need have at most, in pixels, for a face of this width in it.

    It depends on the face's share of the picture alone, not on how large that was sent: a client that sends smaller
    ones for a while must learn when larger ones would be better.
    """
    longest = max(size)
    if not longest:
        return 0, 0
    least, most = SIDE_PX
    wanted = least if face_px is None else min(most, max(least, FACE_PX * longest / face_px))
    wanted = -(-int(wanted) // STEP_PX) * STEP_PX
    return round(wanted * size[0] / longest), round(wanted * size[1] / longest)
