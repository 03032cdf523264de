import pytest

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.leg import TimedReading
from services.capture.pacing import LOWEST_FPS, MAX_SIDE_PX, STEPS, Encoding, Pacer

NO_WISH = emotion_pb2.Pace()


class Line:
    """A line and a server behind it, played in fake time: `latency_ms` and `drops` may change at any moment."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.pace = NO_WISH
        self.latency_ms = 40.0
        self.most_fps = 1000.0
        """Frames beyond these are dropped."""
        self._dropped = 0.0
        self._now_s = 0.0

    def run(self, seconds: float) -> None:
        ends_s = self._now_s + seconds
        while self._now_s < ends_s:
            fps = self.pacer.fps
            self._now_s += 1 / fps
            self._dropped += max(0.0, fps - self.most_fps) / fps
            reading = emotion_pb2.Reading(status=emotion_pb2.READING_STATUS_OK)
            timed = TimedReading(reading, self.latency_ms)
            self.pacer.observe(timed, self.pace, int(self._dropped), self._now_s)


@pytest.fixture
def line() -> Line:
    return Line(Pacer(15))


def test_on_a_good_line_it_sends_as_often_and_as_well_as_it_may(line: Line):
    line.run(20)
    assert line.pacer.fps == 15
    assert line.pacer.encoding == Encoding(MAX_SIDE_PX, MAX_SIDE_PX, 85)


def test_what_the_server_wishes_is_not_exceeded(line: Line):
    line.pace = emotion_pb2.Pace(max_fps=3, useful_width_px=320, useful_height_px=240)
    line.run(20)
    assert line.pacer.fps == 3
    assert line.pacer.encoding == Encoding(320, 240, 85)
    line.pace = NO_WISH
    line.run(20)
    assert line.pacer.fps == 15


@pytest.mark.parametrize("max_fps", [2.0, 7.0])
def test_what_the_person_asked_for_is_not_exceeded(max_fps: float):
    line = Line(Pacer(max_fps))
    line.run(20)
    assert line.pacer.fps == max_fps


def test_a_long_way_is_no_reason_to_send_less(line: Line):
    line.latency_ms = 400
    line.run(20)
    assert line.pacer.fps == 15


def test_dropped_frames_slow_it_down_to_what_is_taken(line: Line):
    line.most_fps = 8
    line.run(60)
    rates: list[float] = []
    for _ in range(60):
        line.run(1)
        rates.append(line.pacer.fps)
    assert 5 <= sum(rates) / len(rates) <= 9
    assert line.pacer.encoding.quality == 85


def test_late_answers_slow_it_down_and_then_make_the_pictures_smaller(line: Line):
    line.run(10)
    line.latency_ms = 300
    line.run(2)
    assert LOWEST_FPS < line.pacer.fps < 15
    line.run(10)
    assert line.pacer.fps == LOWEST_FPS
    smallest, quality = STEPS[0]
    assert line.pacer.encoding == Encoding(smallest, smallest, quality)


def test_when_the_line_is_good_again_so_are_the_pictures(line: Line):
    line.run(10)
    line.latency_ms = 300
    line.run(12)
    line.latency_ms = 40
    line.run(60)
    assert (line.pacer.fps, line.pacer.encoding.quality) == (15, 85)


def test_it_tries_for_more_ever_more_rarely(line: Line):
    line.most_fps = 9.5
    line.run(300)
    above = 0
    for _ in range(100):
        line.run(1)
        above += line.pacer.fps > line.most_fps
    assert above < 20
