"""Sessions belong to their users, go on with another worker, and leave a worker that stops or has too many."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from contracts.emotion import Emotion
from contracts.events import EMOTION_WORKERS_KEY, face_key, mood_key, session_key
from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.pubsub import open_redis
from services.emotion import balance, sessions
from services.emotion.app import open_service
from services.emotion.balance import Balance, surplus
from services.emotion.settings import EmotionSettings
from tests.emotion.conftest import OpenService, wait_for_health
from tests.emotion.support import Client, FakeModel, face_jpeg, mostly, until
from tests.emotion.test_streams import OK


@asynccontextmanager
async def two_workers(
    open_emotion: OpenService, tfserving_address: str
) -> AsyncGenerator[tuple[grpc.aio.Channel, grpc.aio.Channel]]:
    async with (
        open_emotion(tfserving_address=tfserving_address) as one,
        open_emotion(tfserving_address=tfserving_address) as other,
    ):
        await wait_for_health(one, serving=True)
        await wait_for_health(other, serving=True)
        yield one, other


@asynccontextmanager
async def stoppable(
    stopping: AsyncExitStack, redis_url: str, tfserving_address: str, **changes: Any
) -> AsyncGenerator[grpc.aio.Channel]:
    """A worker that stops when `stopping` is closed, while its channel stays open."""
    addresses = {"port": 0, "redis_url": redis_url, "tfserving_address": tfserving_address}
    settings = EmotionSettings.model_validate({**addresses, **changes})
    port = await stopping.enter_async_context(open_service(settings))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


async def happy(client: Client) -> None:
    """Show a face until the person counts as happy."""

    async def is_happy() -> bool:
        reading = await client.ask(face_jpeg(Emotion.HAPPY))
        return Mood.from_proto(reading.mood).state is MoodState.HAPPY

    await until(is_happy)


@pytest.mark.parametrize("open_still", [True, False])
async def test_the_session_of_somebody_else_is_refused_on_every_worker(
    open_emotion: OpenService, tfserving_address: str, open_still: bool
):
    async with two_workers(open_emotion, tfserving_address) as workers, Client(workers[0]) as ada:
        await ada.hello("ada", "kitchen")
        if not open_still:
            await ada.finish()
        for worker in workers:
            async with Client(worker) as eve:
                await eve.start("eve", "kitchen")
                status, code, advice = await eve.refusal()
            assert (status, code) == (grpc.StatusCode.PERMISSION_DENIED, "session_foreign")
            assert "session_id" in advice
        if open_still:
            assert (await ada.ask(face_jpeg())).status == OK


async def test_a_mood_goes_on_with_another_worker_and_the_old_stream_ends(
    open_emotion: OpenService, tfserving_address: str, model: FakeModel
):
    async with two_workers(open_emotion, tfserving_address) as (one, other), Client(one) as before:
        assert not (await before.hello("ada", "kitchen")).resumed
        await happy(before)
        await asyncio.sleep(1.5 * sessions.KEEP_S)
        model.answer = lambda faces: [mostly(Emotion.NEUTRAL)] * len(faces)
        async with Client(other) as after:
            welcome = await after.hello("ada", "kitchen")
            assert welcome.resumed
            assert Mood.from_proto(welcome.mood).state is MoodState.HAPPY
            reading = await after.ask(face_jpeg())
            assert Mood.from_proto(reading.mood).state is MoodState.HAPPY
            status, code, _ = await before.refusal()
            assert (status, code) == (grpc.StatusCode.FAILED_PRECONDITION, "session_taken")
            assert (await after.ask(face_jpeg())).status == OK


async def test_a_stream_that_comes_again_takes_the_place_of_its_own_old_one(
    open_emotion: OpenService, tfserving_address: str
):
    async with (
        open_emotion(tfserving_address=tfserving_address, max_streams=1) as emotion,
        Client(emotion) as before,
        Client(emotion) as after,
    ):
        await before.hello("ada", "kitchen")
        welcome = await after.hello("ada", "kitchen")
        assert welcome.resumed
        assert (await before.refusal())[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "session_taken")
        assert (await after.ask(face_jpeg())).faces


async def test_a_worker_that_stops_loses_no_frame_and_no_mood(
    redis_url: str, open_emotion: OpenService, tfserving_address: str
):
    async with (
        AsyncExitStack() as stopping,
        stoppable(stopping, redis_url, tfserving_address) as one,
        open_emotion(tfserving_address=tfserving_address) as other,
        Client(one) as before,
        Client(other) as after,
    ):
        await wait_for_health(one, serving=True)
        await wait_for_health(other, serving=True)
        await before.hello("ada", "kitchen")
        await happy(before)
        closing = asyncio.create_task(stopping.aclose())
        reconnect = await before.reconnect()
        assert reconnect.reason == emotion_pb2.RECONNECT_REASON_DRAINING
        assert (await before.ask(face_jpeg())).status == OK
        welcome = await after.hello("ada", "kitchen")
        assert Mood.from_proto(welcome.mood).state is MoodState.HAPPY
        last = await before.send(face_jpeg())
        assert [reading.sequence for reading in await before.finish()] == [last]
        assert await before.call.code() is grpc.StatusCode.OK
        assert (await after.ask(face_jpeg())).status == OK
        async with asyncio.timeout(reconnect.grace.seconds):
            await closing


async def test_a_stopping_worker_takes_no_new_stream(redis_url: str, tfserving_address: str):
    async with (
        AsyncExitStack() as stopping,
        stoppable(stopping, redis_url, tfserving_address, reconnect_grace_s=0.5) as one,
        Client(one) as before,
        Client(one) as late,
    ):
        await before.hello("ada")
        closing = asyncio.create_task(stopping.aclose())
        await before.reconnect()
        await late.start("eve", "")
        assert (await late.refusal())[0] is grpc.StatusCode.UNAVAILABLE
        assert (await before.refusal())[:2] == (grpc.StatusCode.UNAVAILABLE, "stopping")
        await closing


async def test_without_redis_a_session_is_claimed_later(
    redis_url: str, open_emotion: OpenService, tfserving_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "KEEP_S", 0.05)
    async with (
        open_redis(redis_url) as redis,
        open_emotion(tfserving_address=tfserving_address) as emotion,
        Client(emotion) as client,
    ):
        # Redis answers nobody for longer than a claim waits.
        await redis.execute_command("CLIENT", "PAUSE", "900", "ALL")
        await client.hello("ada", "kitchen")

        async def is_claimed() -> bool:
            return await redis.exists(session_key("kitchen")) == 1

        await until(is_claimed)
        assert (await client.ask(face_jpeg())).faces


async def test_what_is_kept_holds_no_picture_and_ends_by_itself(redis_url: str, emotion: grpc.aio.Channel):
    async with open_redis(redis_url) as redis, Client(emotion) as client:
        await client.hello("ada", "kitchen")
        await happy(client)

        async def is_kept() -> bool:
            return bool(await redis.exists(face_key("ada"), session_key("kitchen"), mood_key("ada")) == 3)

        await until(is_kept)
        assert 0 < await redis.ttl(face_key("ada")) <= 3600
        assert 0 < await redis.ttl(session_key("kitchen")) <= 3600
        assert len(await redis.get(face_key("ada")) or "") < 1000
        # It outlives the person, and a session's name says nothing of whose it is.
        kept: Any = redis.hgetall(session_key("kitchen"))
        assert "ada" not in str(await kept)


async def test_a_mood_is_as_old_as_redis_says_however_far_the_workers_clocks_are_apart(
    open_emotion: OpenService, redis_url: str, tfserving_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "KEEP_S", 0.05)
    settings = EmotionSettings(port=0, redis_url=redis_url, tfserving_address=tfserving_address)
    async with (
        open_emotion(tfserving_address=tfserving_address) as one,
        open_service(settings, lambda: datetime.now(UTC) + timedelta(minutes=10)) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as other,
        open_redis(redis_url) as redis,
        Client(one) as before,
    ):
        await before.hello("ada", "kitchen")
        await happy(before)

        async def is_kept() -> bool:
            return "happy" in str(await redis.get(face_key("ada")))

        await until(is_kept)
        kept = await redis.get(face_key("ada"))
        async with Client(other) as after:
            welcome = await after.hello("ada", "kitchen")
            assert Mood.from_proto(welcome.mood).state is MoodState.HAPPY
        await redis.set(face_key("bob"), kept or "", ex=settings.session_ttl_s - settings.mood_ttl_s - 5)
        async with Client(other) as late:
            assert Mood.from_proto((await late.hello("bob")).mood).state is MoodState.ABSENT


@pytest.mark.parametrize(
    ("streams", "workers", "total", "room", "moved"),
    [
        (5, 1, 5, 0, 0),
        (100, 2, 100, 60, 13),
        (100, 2, 140, 3, 3),
        (100, 2, 140, 0, 0),
        (51, 2, 101, 9, 0),
        (55, 2, 100, 9, 0),
        (3, 2, 4, 9, 0),
        (4, 2, 4, 9, 1),
        (0, 2, 9, 9, 0),
    ],
)
def test_a_worker_moves_a_part_of_what_it_has_above_the_mean(
    streams: int, workers: int, total: int, room: int, moved: int
):
    assert surplus(streams, workers, total, room) == moved


class Streams:
    """Stands for a worker's sessions."""

    def __init__(self, count: int, room: int = 60) -> None:
        self.staying = [object()] * count
        self.room = room
        self.sent_away = 0

    def send_away(self, count: int) -> None:
        self.sent_away += count


async def test_a_worker_that_was_added_gets_streams_and_one_that_left_counts_no_more(redis_url: str):
    async with open_redis(redis_url) as redis:
        old, new = Streams(8), Streams(0)
        one, other = Balance(redis, old, lambda: 3), Balance(redis, new, lambda: 3)  # pyright: ignore[reportArgumentType]
        await one.look()
        assert old.sent_away == 0
        await other.look()
        await one.look()
        assert (old.sent_away, new.sent_away) == (1, 0)
        new.room = 0
        await other.look()
        await one.look()
        assert old.sent_away == 1
        told: Any = await redis.hvals(EMOTION_WORKERS_KEY)  # pyright: ignore[reportGeneralTypeIssues]
        assert sorted(said.split(":")[0] for said in told) == ["0", "8"]
        assert {said.split(":")[2] for said in told} == {"3"}
        await other.leave()
        await one.look()
        assert old.sent_away == 1


async def test_streams_that_are_moved_are_told_and_answered_until_they_go(
    open_emotion: OpenService, tfserving_address: str, monkeypatch: pytest.MonkeyPatch, redis_url: str
):
    monkeypatch.setattr(sessions, "SETTLED_S", 0.0)
    monkeypatch.setattr(balance, "LOOK_EVERY_S", 0.05)
    async with open_emotion(tfserving_address=tfserving_address) as one, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(one)) for _ in range(4)]
        for client, user in zip(clients, "abcd", strict=True):
            await client.hello(user)
        async with open_redis(redis_url) as redis:
            await Balance(redis, Streams(0), lambda: 0).look()  # pyright: ignore[reportArgumentType]
        oldest = clients[0]
        assert (await oldest.reconnect()).reason == emotion_pb2.RECONNECT_REASON_REBALANCING
        assert (await oldest.ask(face_jpeg())).sequence == 1
        assert await oldest.finish() == []
        assert await oldest.call.code() is grpc.StatusCode.OK


async def test_a_stream_that_found_no_place_elsewhere_stays_until_the_worker_stops(
    redis_url: str, tfserving_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "SETTLED_S", 0.0)
    monkeypatch.setattr(balance, "LOOK_EVERY_S", 0.05)
    stopping = AsyncExitStack()
    async with (
        stoppable(stopping, redis_url, tfserving_address, reconnect_grace_s=0.2) as one,
        AsyncExitStack() as stack,
    ):
        clients = [await stack.enter_async_context(Client(one)) for _ in range(4)]
        for client, user in zip(clients, "abcd", strict=True):
            await client.hello(user)
        async with open_redis(redis_url) as redis:
            await Balance(redis, Streams(0), lambda: 0).look()  # pyright: ignore[reportArgumentType]
        for _ in range(3):
            assert (await clients[0].reconnect()).reason == emotion_pb2.RECONNECT_REASON_REBALANCING
        closing = asyncio.create_task(stopping.aclose())
        reason = emotion_pb2.RECONNECT_REASON_REBALANCING
        while reason == emotion_pb2.RECONNECT_REASON_REBALANCING:
            reason = (await clients[0].reconnect()).reason
        assert reason == emotion_pb2.RECONNECT_REASON_DRAINING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await clients[0].reading()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        await closing
