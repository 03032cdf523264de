"""Faces keep their ids, and the main one stays the main one."""

from datetime import UTC, datetime, timedelta

import pytest

from services.emotion.tracks import FORGET_AFTER, Box, FaceTracks, overlap

START = datetime(2026, 1, 1, tzinfo=UTC)
LEFT = Box(100, 100, 100, 100)
RIGHT = Box(400, 100, 110, 110)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def moved(box: Box, pixels: int) -> Box:
    return box._replace(x=box.x + pixels)


@pytest.mark.parametrize(
    ("other", "expected"),
    [(LEFT, 1.0), (moved(LEFT, 50), 1 / 3), (moved(LEFT, 100), 0.0), (moved(LEFT, 300), 0.0)],
)
def test_overlap_is_intersection_over_union(other: Box, expected: float):
    assert overlap(LEFT, other) == pytest.approx(expected)


def test_a_moving_face_keeps_its_id_and_a_new_one_gets_another():
    tracks = FaceTracks()
    first = tracks.follow([LEFT], START)[0]
    both = tracks.follow([RIGHT, moved(LEFT, 30)], later(0.1))
    assert [track.id for track in both if track.box.x < 200] == [first.id]
    assert len({track.id for track in both}) == 2


def test_a_face_that_jumps_across_the_picture_is_another_face():
    tracks = FaceTracks()
    first = tracks.follow([LEFT], START)[0]
    assert tracks.follow([moved(LEFT, 300)], later(0.1))[0].id != first.id


def test_a_face_missed_for_a_moment_comes_back_under_its_id():
    tracks = FaceTracks()
    first = tracks.follow([LEFT], START)[0]
    assert not tracks.follow([], later(0.5))
    assert tracks.follow([LEFT], later(0.9))[0].id == first.id


def test_a_face_that_was_gone_too_long_is_a_new_one():
    tracks = FaceTracks()
    first = tracks.follow([LEFT], START)[0]
    assert tracks.follow([LEFT], START + FORGET_AFTER + timedelta(seconds=0.1))[0].id != first.id


def test_a_face_that_left_as_the_clock_was_set_back_is_not_waited_for():
    tracks = FaceTracks()
    tracks.follow([LEFT], START)
    tracks.follow([RIGHT], later(-3600))
    assert tracks.main_id == tracks.follow([RIGHT], later(-3599))[0].id


def test_a_slightly_larger_face_does_not_become_the_main_one():
    tracks = FaceTracks()
    main = tracks.follow([LEFT], START)[0]
    found = tracks.follow([RIGHT, LEFT], later(0.1))
    assert (found[0].id, tracks.main_id) == (main.id, main.id)


def test_a_much_larger_face_becomes_the_main_one():
    tracks = FaceTracks()
    tracks.follow([LEFT], START)
    near = Box(300, 50, 250, 250)
    found = tracks.follow([near, LEFT], later(0.1))
    assert found[0].box == near
    assert tracks.main_id == found[0].id


def test_another_face_takes_over_only_when_the_main_one_is_lost():
    tracks = FaceTracks()
    main = tracks.follow([LEFT, RIGHT._replace(width=90, height=90)], START)[0]
    other = tracks.follow([RIGHT._replace(width=90, height=90)], later(0.5))[0]
    assert tracks.main_id == main.id != other.id
    assert tracks.follow([RIGHT], later(3.4))[0].id == tracks.main_id == other.id
