"""What live readers are told when a dependency goes and comes back."""

import asyncio
import json

import pytest

from servicekit.background import in_background
from servicekit.errors import UnavailableError
from services.gateway import watch
from services.gateway.live import RESUMED, Listener, LiveFeed, LiveMessage, Refresh
from services.gateway.watch import SETTLED_CHECKS, Dependency, Watch


class Switch:
    """A dependency that can be turned off."""

    def __init__(self) -> None:
        self.on = True

    async def check(self) -> None:
        if not self.on:
            raise UnavailableError("It is off.", "Turn it on.", code="off")


async def told(listener: Listener) -> list[str]:
    """What waits for the listener, and nothing that comes later."""
    end = LiveMessage.notice(RESUMED)
    listener.offer(end)
    messages: list[str] = []
    async for message in listener.messages():
        if isinstance(message, Refresh):
            messages.append("refresh")
        elif message is end:
            break
        else:
            messages.append(json.loads(message.data)["code"])
    return messages


async def ticks(subject: Watch, count: int) -> None:
    for _ in range(count):
        await subject.tick()


async def test_an_outage_is_told_once_and_ends_with_a_refresh():
    feed, redis = LiveFeed(), Switch()
    subject = Watch({Dependency.REDIS: redis.check}, feed)
    with feed.listen("ada") as listener:
        await ticks(subject, SETTLED_CHECKS)
        assert await told(listener) == []
        redis.on = False
        await ticks(subject, 3)
        assert await told(listener) == ["off"]
        redis.on = True
        await ticks(subject, SETTLED_CHECKS - 1)
        assert await told(listener) == []
        await ticks(subject, 3)
        assert await told(listener) == ["live_resumed", "refresh"]


async def test_a_second_dependency_that_stays_away_does_not_hold_up_the_first():
    feed, redis, recommender = LiveFeed(), Switch(), Switch()
    subject = Watch({Dependency.REDIS: redis.check, Dependency.RECOMMENDER: recommender.check}, feed)
    recommender.on = False
    await ticks(subject, 1)
    with feed.listen("ada") as listener:
        listener.missing |= {Dependency.REDIS, Dependency.RECOMMENDER}
        await ticks(subject, SETTLED_CHECKS)
        assert await told(listener) == ["live_resumed", "refresh"]
        assert listener.missing == {Dependency.RECOMMENDER}


async def test_a_check_that_hangs_counts_as_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "CHECK_TIMEOUT_S", 0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    errors = await Watch({Dependency.REDIS: hang}, LiveFeed()).check()
    error = errors[Dependency.REDIS]
    assert error is not None
    assert error.code == "redis_unavailable"


async def test_a_stopped_watch_leaves_no_check_behind():
    """What a check uses is closed once the watch has ended."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        await asyncio.Event().wait()

    async def end_slowly() -> None:
        begun.set()
        try:
            await hang()
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            ended.set()

    subject = Watch({Dependency.REDIS: end_slowly, Dependency.RECOMMENDER: hang}, LiveFeed())
    async with in_background(subject.run()):
        await begun.wait()
    assert ended.is_set()
