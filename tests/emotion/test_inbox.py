"""Newest wins, nothing is forgotten, nothing piles up."""

import asyncio

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from servicekit.errors import UnavailableError
from services.emotion.inbox import MAX_UNANSWERED, Frame, FrameInbox


def frame(sequence: int) -> Frame:
    return Frame(sequence, Timestamp(), b"picture", received_s=0.0)


async def filled(max_in_flight: int, *sequences: int) -> FrameInbox:
    inbox = FrameInbox(max_in_flight)
    for sequence in sequences:
        await inbox.put(frame(sequence))
    return inbox


async def drained(inbox: FrameInbox) -> list[tuple[int, bool]]:
    await inbox.close()
    return [(frame.sequence, frame.dropped) async for frame in inbox]


@pytest.mark.parametrize("max_in_flight", [1, 2, 5])
async def test_as_many_as_were_granted_are_read_and_the_newest_are_those(max_in_flight: int):
    taken = await drained(await filled(max_in_flight, *range(8)))
    assert taken == [(n, n < 8 - max_in_flight) for n in range(8)]


async def test_the_frame_being_read_counts():
    inbox = await filled(2, 1)
    assert (await anext(inbox)).sequence == 1
    for sequence in (2, 3):
        await inbox.put(frame(sequence))
    assert await drained(inbox) == [(2, True), (3, False)]


async def test_a_frame_whose_answer_is_on_its_way_no_longer_counts():
    inbox = await filled(2, 1)
    assert (await anext(inbox)).sequence == 1
    await inbox.put(frame(2))
    inbox.answered()
    await inbox.put(frame(3))
    assert await drained(inbox) == [(2, False), (3, False)]


async def test_the_newest_has_a_place_even_where_only_one_may_be_in_flight():
    inbox = await filled(1, 1)
    assert (await anext(inbox)).sequence == 1
    await inbox.put(frame(2))
    assert await drained(inbox) == [(2, False)]


async def test_a_dropped_frame_gives_its_memory_back():
    inbox = await filled(1, 1, 2)
    assert (await anext(inbox)).image == b""


async def test_an_error_comes_after_the_frames():
    inbox = await filled(2, 1)
    await inbox.close(UnavailableError("Stopping.", "Come back."))
    await inbox.close()
    assert (await anext(inbox)).sequence == 1
    with pytest.raises(UnavailableError):
        await anext(inbox)


async def test_after_the_end_nothing_more_is_taken_in():
    inbox = await filled(2, 1)
    await inbox.close()
    await inbox.put(frame(2))
    assert await drained(inbox) == [(1, False)]


async def test_whoever_does_not_take_answers_is_held_up():
    inbox = await filled(2, *range(MAX_UNANSWERED))
    late = asyncio.create_task(inbox.put(frame(MAX_UNANSWERED)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not late.done()
    await anext(inbox)
    async with asyncio.timeout(20):
        await late
