"""What a worker asks of its clients follows from how long their frames wait."""

import pytest

from services.emotion.workload import Pace, Workload, useful_size


def working(cores: int = 2, streams: int = 0) -> Workload:
    workload = Workload(cores=cores, min_fps=5, max_fps=30)
    workload.streams = streams
    return workload


def serve(workload: Workload, fps: int, waited_s: float, seconds: int = 1, from_s: int = 0) -> None:
    """Answer so many frames a second for a while, and the first of the next second, which ends the last one."""
    for index in range(seconds * fps + 1):
        at_s = from_s + index / fps
        workload.answered(at_s - waited_s, at_s)


def room(workload: Workload) -> int:
    """How many streams it takes."""
    workload.streams = 0
    while workload.room > 0:
        workload.streams += 1
    return workload.streams


def test_before_the_first_frame_a_usual_machine_is_expected():
    assert room(working(cores=2)) == 2 * room(working(cores=1)) == 60
    assert working(streams=1).fps_each == 0
    assert working(streams=30).fps_each == pytest.approx(10)
    assert working(streams=1000).fps_each == 5


def test_prompt_answers_make_room_where_it_is_used():
    workload = working()
    serve(workload, fps=370, waited_s=0.02, seconds=10)
    assert room(workload) > 80


def test_nothing_is_learned_from_a_calm_hour():
    workload = working()
    serve(workload, fps=10, waited_s=0.02, seconds=100)
    assert room(workload) == 60


def test_late_answers_ask_for_less_than_was_served():
    workload = working(streams=70)
    serve(workload, fps=200, waited_s=0.3)
    assert workload.room <= 0
    assert workload.fps_each == 5
    assert room(workload) == 34


def test_a_stall_leaves_room_for_some_and_is_forgotten():
    workload = working()
    serve(workload, fps=10, waited_s=2.0, seconds=5)
    assert room(workload) == 16
    serve(workload, fps=10, waited_s=0.02, seconds=30, from_s=100)
    assert room(workload) == 60


def test_a_few_late_answers_change_nothing():
    workload = working()
    serve(workload, fps=3, waited_s=2.0, seconds=10)
    assert room(workload) == 60


def test_one_stream_is_always_taken():
    workload = Workload(cores=1, min_fps=1000, max_fps=2000)
    assert workload.room == 1
    workload.streams = 1
    assert workload.room <= 0


@pytest.mark.parametrize(
    ("size", "face_px", "useful"),
    [
        ((640, 480), 320, (320, 240)),
        ((640, 480), 160, (400, 300)),
        ((320, 240), 80, (400, 300)),
        ((320, 240), 40, (800, 600)),
        ((640, 480), None, (320, 240)),
        ((1920, 1080), 192, (800, 450)),
        ((1080, 1920), 960, (180, 320)),
        ((48, 48), 48, (320, 320)),
        ((0, 0), 48, (0, 0)),
    ],
)
def test_a_picture_need_only_be_as_large_as_its_smallest_face_asks(
    size: tuple[int, int], face_px: int | None, useful: tuple[int, int]
):
    assert useful_size(size, face_px) == useful


def test_only_notable_changes_are_told():
    told = Pace(10, 320, 240)
    assert not Pace(11.9, 320, 240).differs(told)
    assert Pace(12.1, 320, 240).differs(told)
    assert Pace(10, 400, 300).differs(told)
    assert Pace(0, 320, 240).differs(told)
    assert Pace(10, 320, 240).differs(Pace(0, 320, 240))
