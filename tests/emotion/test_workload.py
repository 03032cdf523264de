"""What a worker asks of its clients follows from what their frames cost."""

import pytest

from services.emotion.workload import Pace, Workload, useful_size


def loaded(cost_s: float, streams: int) -> Workload:
    workload = Workload(threads=2, min_fps=1, max_fps=30)
    workload.streams = streams
    for _ in range(1000):
        workload.add(cost_s)
    return workload


def test_before_the_first_frame_a_usual_cost_is_expected():
    workload = Workload(threads=2, min_fps=1, max_fps=30)
    assert workload.has_room
    assert workload.fps_each == 0
    workload.streams = 1000
    assert not workload.has_room
    assert workload.fps_each == 1


def test_one_stream_is_always_taken():
    assert loaded(cost_s=60.0, streams=0).has_room
    assert not loaded(cost_s=60.0, streams=1).has_room


def test_crops_cost_little_but_not_nothing():
    assert loaded(cost_s=0.0, streams=1000).has_room
    assert not loaded(cost_s=0.0, streams=10_000).has_room


@pytest.mark.parametrize(
    ("streams", "fps", "room"), [(1, 0, True), (20, 8, True), (159, 160 / 159, True), (160, 1, False)]
)
def test_streams_share_what_the_threads_can_do(streams: int, fps: float, room: bool):
    workload = loaded(cost_s=0.01, streams=streams)
    assert workload.fps_each == pytest.approx(fps)
    assert workload.has_room is room


def test_cheaper_frames_make_room_again():
    workload = loaded(cost_s=0.1, streams=20)
    assert not workload.has_room
    for _ in range(300):
        workload.add(0.005)
    assert workload.has_room


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
