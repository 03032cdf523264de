"""How many frames a second this worker takes: found by trying, told to clients, and the ground for refusing more.

Additive increase and multiplicative decrease (Chiu and Jain, 1989), by how long frames wait for their answers: what a
frame costs says little where a model server, databases and other workers share the machine.
"""

from typing import Final, NamedTuple

FIRST_FPS: Final = 150.0
"""Of a core with everything on one machine; see docs/performance.md. Where there is more room, trying finds it."""
LEAST_FPS: Final = 40.0
"""Of a core: less than this is a fault somewhere, and refusing streams would not mend it."""
WINDOW_S: Final = 1.0
LATE_S: Final = 0.1
"""An answer that took longer is late."""
LATE_SHARE: Final = 0.05
LATE_ANSWERS: Final = 3
"""More than this share and more than this many of a window are too much."""
LESS: Final = 0.85
"""Of the frame rate that was too much."""
MORE: Final = 0.05
"""Of the first rate, after a prompt window: up to that rate, and further where most of the room was used."""
MOST: Final = 0.8

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
    """What this worker's streams may send. Pure: time comes in with every answer.

    Args:
        cores: that the worker is given.
        min_fps: what every accepted stream is to get at least.
        max_fps: above this a stream's rate is of no concern.
    """

    def __init__(self, cores: int, min_fps: float, max_fps: float) -> None:
        self._least_fps = LEAST_FPS * cores
        self._first_fps = FIRST_FPS * cores
        self._room_fps = self._first_fps
        self._min_fps = min_fps
        self._max_fps = max_fps
        self._began_s: float | None = None
        self._answers = self._late = 0
        self.streams = 0
        """Those accepted now."""

    def answered(self, received_s: float, at_s: float) -> None:
        """Take in an answer.

        Args:
            received_s: when its frame had come.
            at_s: now, of the same clock.
        """
        if self._began_s is None:
            self._began_s = at_s
        elif at_s >= self._began_s + WINDOW_S:
            self._judge(self._answers / (at_s - self._began_s))
            self._began_s, self._answers, self._late = at_s, 0, 0
        self._answers += 1
        self._late += at_s - received_s > LATE_S

    def _judge(self, fps: float) -> None:
        if self._late > max(LATE_ANSWERS, LATE_SHARE * self._answers):
            self._room_fps = max(self._least_fps, min(self._room_fps, LESS * fps))
        elif self._room_fps < self._first_fps:
            self._room_fps = min(self._first_fps, self._room_fps + MORE * self._first_fps)
        elif fps > MOST * self._room_fps:
            self._room_fps += MORE * self._first_fps

    @property
    def room(self) -> int:
        """How many more streams can have `min_fps`, and all others too; below 0 where there are too many."""
        # The first is always taken: without frames nothing would be learned any more.
        return max(1, int(self._room_fps / self._min_fps)) - self.streams

    @property
    def fps_each(self) -> float:
        """Frames a second that each stream may send; 0: as many as it likes."""
        share = max(self._min_fps, self._room_fps / max(1, self.streams))
        return 0.0 if share >= self._max_fps else share


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
