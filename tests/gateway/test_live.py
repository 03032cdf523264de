"""The fan-out in memory."""

from datetime import timedelta

import pytest

from contracts.mood import MoodState
from servicekit.errors import UnavailableError
from services.gateway.live import SHUTTING_DOWN, SLOW_READER, Listener, LiveFeed, LiveMessage, Refresh
from tests.gateway.stand_ins import AT, mood_event, recommendations_event


async def rest_of(listener: Listener) -> list[LiveMessage | Refresh]:
    """Everything a closed listener still has to say."""
    return [message async for message in listener.messages()]


def names(messages: list[LiveMessage | Refresh]) -> list[str]:
    return [message.id if isinstance(message, LiveMessage) else "refresh" for message in messages]


async def first(listener: Listener, count: int) -> list[LiveMessage | Refresh]:
    messages = listener.messages()
    return [await anext(messages) for _ in range(count)]


async def test_events_reach_their_user_in_order():
    feed = LiveFeed()
    with feed.listen("ada") as ada, feed.listen("ada") as again, feed.listen("bob") as bob:
        for number in range(3):
            feed.publish(mood_event("ada", event_id=f"m{number}"))
        feed.publish(recommendations_event("bob", event_id="b"))
        assert names(await first(ada, 3)) == names(await first(again, 3)) == ["m0", "m1", "m2"]
        assert names(await first(bob, 1)) == ["b"]


async def test_a_slow_reader_is_told_and_closed_while_another_goes_on():
    feed = LiveFeed(capacity=2)
    with feed.listen("ada") as slow, feed.listen("ada") as quick:
        for number in range(3):
            feed.publish(mood_event(event_id=f"m{number}"))
            assert names(await first(quick, 1)) == [f"m{number}"]
        (notice,) = await rest_of(slow)
    assert isinstance(notice, LiveMessage)
    assert (notice.event, notice.data) == ("notice", SLOW_READER.model_dump_json())


async def test_who_leaves_is_forgotten():
    feed = LiveFeed()
    with feed.listen("ada"), feed.listen("bob"):
        assert sorted(listener.user_id for listener in feed.listeners) == ["ada", "bob"]
    assert feed.listeners == []


async def test_closing_says_goodbye_and_takes_nobody_new():
    feed = LiveFeed()
    with feed.listen("ada") as listener:
        feed.close()
        feed.publish(mood_event())
        (notice,) = await rest_of(listener)
        assert isinstance(notice, LiveMessage)
        assert notice.data == SHUTTING_DOWN.model_dump_json()
    with pytest.raises(UnavailableError, match="stops"), feed.listen("ada"):
        pass


async def test_moods_that_a_snapshot_covers_are_dropped_and_nothing_else():
    feed = LiveFeed()
    with feed.listen("ada") as listener:
        feed.publish(mood_event(event_id="old", at=AT - timedelta(seconds=1)))
        feed.publish(mood_event(event_id="same", at=AT))
        feed.publish(recommendations_event(event_id="picks"))
        listener.offer(Refresh())
        feed.publish(mood_event(event_id="new", state=MoodState.SAD, at=AT + timedelta(seconds=1)))
        listener.forget_moods_until(AT)
        assert names(await first(listener, 3)) == ["picks", "refresh", "new"]
