"""The live channel as a browser sees it: a real server, a real Redis, a real gRPC server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import stamina
from redis.asyncio import Redis

from contracts.mood import MoodState
from contracts.recommendation import Kind
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from standalone.redis_server import resolve_redis
from tests.conftest import RunRedis
from tests.gateway.stand_ins import (
    AT,
    KNOWN_ITEMS,
    FakeRecommender,
    ServerSentEvent,
    listening,
    live_events,
    mood_event,
    publish,
    recommendations_event,
    remember,
    running,
    until_subscribed,
)

LATER = AT + timedelta(seconds=1)


async def test_the_present_state_comes_first(gateway_url: str, redis: Redis):
    await remember(redis, mood_event(event_id="latest"))
    async with listening(gateway_url) as events:
        mood, picks = [await anext(events) for _ in range(2)]
    assert (mood.event, mood.id) == ("mood", "latest")
    assert mood.data["user_id"] == "ada"
    assert mood.data["mood"]["probabilities"]["happy"] == 0.75
    assert picks.event == "recommendations"
    assert {kind: len(of_kind) for kind, of_kind in picks.data["picks"].items()} == dict.fromkeys(Kind, KNOWN_ITEMS)
    assert (picks.data["user_id"], picks.data["goal"]) == ("ada", "match")


async def test_somebody_never_seen_gets_picks_and_then_the_first_mood(gateway_url: str, redis: Redis):
    async with listening(gateway_url) as events:
        assert (await anext(events)).event == "recommendations"
        await publish(redis, mood_event(event_id="m1"))
        assert (await anext(events)).id == "m1"


async def test_changes_arrive_in_order_and_only_ones_own(gateway_url: str, redis: Redis):
    await remember(redis, mood_event())
    async with listening(gateway_url) as events:
        assert [(await anext(events)).event for _ in range(2)] == ["mood", "recommendations"]
        await publish(redis, mood_event("eve", event_id="not-yours", at=LATER))
        for number in range(5):
            await publish(redis, mood_event(state=MoodState.SAD, event_id=f"m{number}", at=LATER))
        assert [(await anext(events)).id for _ in range(5)] == [f"m{number}" for number in range(5)]
        await publish(redis, recommendations_event(event_id="r1"))
        event = await anext(events)
        assert (event.event, event.id, event.data["mood"]["state"]) == ("recommendations", "r1", "happy")
        assert event.data["picks"]["music"][0]["item"]["title"] == "Song"


async def test_malformed_events_disturb_nobody(gateway_url: str, redis: Redis):
    async with listening(gateway_url) as events:
        await anext(events)
        await redis.publish("emoverse:v1:moods", "{")
        odd = mood_event(event_id="odd")
        odd.mood.probabilities = [1.0]
        await publish(redis, odd)
        await publish(redis, mood_event(event_id="fine"))
        assert (await anext(events)).id == "fine"


async def test_a_slow_reader_is_told_and_dropped_while_another_goes_on(settings: GatewaySettings, redis: Redis):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(create_app(settings, listener_capacity=4), settings))
        await until_subscribed(redis)
        slow, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        stack.callback(writer.close)
        writer.write(b"GET /v1/users/ada/live HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" in await slow.readline()
        quick = await stack.enter_async_context(listening(f"http://127.0.0.1:{port}"))
        await anext(quick)
        # Enough to fill every buffer between the gateway and the reader that does not read.
        for number in range(40):
            await publish(redis, recommendations_event(event_id=f"r{number}", padding="." * 1_000_000))
            assert (await anext(quick)).id == f"r{number}"
        text = (await slow.read()).decode()
    seen = [event async for event in live_events(lines_of(text.partition("\r\n\r\n")[2]))]
    numbers = [int(event.id.removeprefix("r")) for event in seen if event.id.startswith("r") and event.id[1:].isdigit()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) < 40
    assert (seen[-1].event, seen[-1].data["code"], seen[-1].data["final"]) == ("notice", "slow_reader", True)


async def lines_of(text: str):
    for line in text.split("\r\n"):
        yield line


async def test_who_leaves_is_forgotten(settings: GatewaySettings, redis: Redis):
    app = create_app(settings)
    async with serving(app, settings) as port:
        async with listening(f"http://127.0.0.1:{port}") as events:
            await anext(events)
            assert len(app.state.feed.listeners) == 1
        async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_max=0.1):
            with attempt:
                assert app.state.feed.listeners == []


async def test_stopping_says_goodbye_to_open_channels(settings: GatewaySettings):
    async with AsyncExitStack() as stack:
        async with serving(create_app(settings), settings) as port:
            events = await stack.enter_async_context(listening(f"http://127.0.0.1:{port}"))
            await anext(events)
        rest = [event async for event in events]
    assert [(event.data["code"], event.data["final"]) for event in rest] == [("shutting_down", True)]


async def test_a_redis_that_restarts_is_said_and_survived(
    recommender: FakeRecommender, run_redis: RunRedis, tmp_path: Path
):
    server = resolve_redis(None, tmp_path, free_ports(1)[0])
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(running(recommender))
        settings = GatewaySettings(redis_url=server.url, recommender_address=address, port=0, open=True)
        async with in_thread(run_redis(server)):
            port = await stack.enter_async_context(serving(create_app(settings), settings))
            events = await stack.enter_async_context(listening(f"http://127.0.0.1:{port}"))
            assert (await anext(events)).event == "recommendations"
        assert (await anext(events)).data["code"] == "redis_unavailable"
        async with in_thread(run_redis(server)), Redis.from_url(server.url, decode_responses=True) as redis:
            await remember(redis, mood_event(event_id="missed"))
            told = [await anext(events) for _ in range(3)]
            await publish(redis, mood_event(event_id="after", at=LATER))
            assert names(await anext(events)) == "after"
    assert [names(event) for event in told] == ["live_resumed", "missed", "recommendations"]


async def test_a_channel_opened_while_everything_is_away_fills_up_later(redis_url: str, recommender: FakeRecommender):
    port_of_recommender = free_ports(1)[0]
    address = f"127.0.0.1:{port_of_recommender}"
    settings = GatewaySettings(redis_url=redis_url, recommender_address=address, port=0, open=True)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(create_app(settings), settings))
        events = await stack.enter_async_context(listening(f"http://127.0.0.1:{port}"))
        assert (await anext(events)).data["code"] == "unavailable"
        await stack.enter_async_context(running(recommender, port_of_recommender))
        async with aclosing(events):
            seen = [await anext(events)]
            while seen[-1].event != "recommendations":
                seen.append(await anext(events))
    assert names(seen[-2]) == "live_resumed"


@asynccontextmanager
async def in_thread(context: AbstractContextManager[str]) -> AsyncGenerator[str]:
    """Enter and leave a blocking context without holding up the gateway, which runs in this process."""
    value = await asyncio.to_thread(context.__enter__)
    try:
        yield value
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


def names(event: ServerSentEvent) -> str:
    """A notice by its code, a mood by its id, picks as such."""
    return {"notice": str(event.data.get("code")), "mood": event.id}.get(event.event, event.event)
