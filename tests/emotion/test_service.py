"""The whole service: static pictures, moods on Redis, health, and what happens while the model or Redis is away."""

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from redis.asyncio import Redis

from contracts.emotion import Emotion
from contracts.events import EventReason, MoodEvent, mood_key
from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.pubsub import open_redis
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from standalone.ports import free_ports
from tests.emotion.conftest import OpenService, wait_for_health
from tests.emotion.support import (
    DEADLINE_S,
    LOADING,
    Client,
    FakeModel,
    empty_jpeg,
    face_jpeg,
    mostly,
    refusal_of,
    serve_model,
    until,
)
from tests.emotion.test_streams import BAD_PICTURES, DEGRADED, NO_FACE, OK


async def analyze(channel: grpc.aio.Channel, image: bytes) -> emotion_pb2.AnalyzeImageResponse:
    stub = emotion_pb2_grpc.EmotionServiceStub(channel)
    return await stub.AnalyzeImage(emotion_pb2.AnalyzeImageRequest(image=image), timeout=DEADLINE_S)


async def test_a_static_picture_shows_its_faces(emotion: grpc.aio.Channel, redis_url: str):
    response = await analyze(emotion, face_jpeg())
    assert (response.status, response.image_width, response.image_height) == (OK, 640, 480)
    assert list(response.faces[0].probabilities) == pytest.approx(mostly(Emotion.HAPPY), abs=1e-5)
    assert {face.track_id for face in response.faces} == {0}
    async with open_redis(redis_url) as redis:
        assert await redis.keys("emoverse:v1:*:*") == []


async def test_a_static_picture_without_a_face_is_a_normal_result(emotion: grpc.aio.Channel):
    response = await analyze(emotion, empty_jpeg())
    assert (response.status, len(response.faces)) == (NO_FACE, 0)


@pytest.mark.parametrize("name", BAD_PICTURES)
async def test_a_bad_static_picture_is_refused_with_advice(emotion: grpc.aio.Channel, name: str):
    image, code = BAD_PICTURES[name]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await analyze(emotion, image)
    status, reason, advice = refusal_of(caught.value)
    assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, code)
    assert advice


async def test_a_static_picture_while_the_model_is_away_is_refused_as_unavailable(open_emotion: OpenService):
    async with open_emotion(tfserving_address=f"127.0.0.1:{free_ports(1)[0]}") as emotion:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await analyze(emotion, face_jpeg())
        status, code, advice = refusal_of(caught.value)
        assert (status, code) == (grpc.StatusCode.UNAVAILABLE, "model_unavailable")
        assert "TFSERVING_ADDRESS" in advice


async def test_streams_go_on_degraded_while_the_model_is_away(open_emotion: OpenService, model: FakeModel):
    port = free_ports(1)[0]
    async with open_emotion(tfserving_address=f"127.0.0.1:{port}") as emotion, Client(emotion) as client:
        await wait_for_health(emotion, serving=False)
        await client.hello()
        reading = await client.ask(face_jpeg())
        assert (reading.status, reading.problem.code) == (DEGRADED, "model_unavailable")
        assert reading.faces[0].box.width > 100
        assert list(reading.faces[0].probabilities) == []
        async with serve_model(model, port):
            await wait_for_health(emotion, serving=True)
            assert (await client.ask(face_jpeg())).status == OK
        await wait_for_health(emotion, serving=False)
        assert (await client.ask(face_jpeg())).status == DEGRADED


async def test_a_loading_model_and_one_with_other_labels_are_told_apart(
    open_emotion: OpenService, model: FakeModel, tfserving_address: str
):
    available, model.state = model.state, LOADING
    model.labels = ["happy", "sad"]
    async with open_emotion(tfserving_address=tfserving_address) as emotion, Client(emotion) as client:
        await client.hello()

        async def code() -> str:
            return (await client.ask(face_jpeg())).problem.code

        async def loading() -> bool:
            return await code() == "model_loading"

        async def mismatched() -> bool:
            return await code() == "model_mismatch"

        await until(loading)
        model.state = available
        await until(mismatched)
        await wait_for_health(emotion, serving=False)


async def test_a_model_that_hangs_costs_a_frame_and_not_the_stream(
    open_emotion: OpenService, model: FakeModel, tfserving_address: str
):
    async with open_emotion(tfserving_address=tfserving_address, model_timeout_s=0.2) as emotion:
        await wait_for_health(emotion, serving=True)
        async with Client(emotion) as client:
            await client.hello()
            model.hold = asyncio.Event()
            reading = await client.ask(face_jpeg())
            assert (reading.status, reading.problem.code) == (DEGRADED, "model_timeout")
            model.hold = None

            async def well() -> bool:
                return (await client.ask(face_jpeg())).status == OK

            await until(well)


async def test_the_faces_of_many_streams_share_batches(
    open_emotion: OpenService, model: FakeModel, tfserving_address: str
):
    async with open_emotion(tfserving_address=tfserving_address, max_batch_wait_s=1.0, max_batch_faces=4) as emotion:
        await wait_for_health(emotion, serving=True)

        async def stream(user_id: str) -> int:
            async with Client(emotion) as client:
                await client.hello(user_id)
                return (await client.ask(face_jpeg())).status

        assert await asyncio.gather(*(stream(f"user{n}") for n in range(4))) == [OK] * 4
    assert max(model.batches) > 1


class HandClock:
    """Stands still until it is set forward."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


async def kept_mood(redis: Redis, user_id: str) -> MoodEvent | None:
    kept = await redis.get(mood_key(user_id))
    return MoodEvent.model_validate_json(kept) if kept else None


def resumable(state: MoodState, since: datetime) -> MoodEvent:
    """What another stream of ada's published."""
    mood = Mood(state=state, probabilities=mostly(Emotion(state)), since=since)
    return MoodEvent(event_id="e1", user_id="ada", session_id="other", mood=mood, reason=EventReason.CHANGE, at=since)


async def test_a_face_becomes_a_mood_in_the_readings_and_on_redis(redis_url: str, tfserving_address: str):
    settings = EmotionSettings(port=0, redis_url=redis_url, tfserving_address=tfserving_address)
    clock = HandClock()
    async with (
        open_service(settings, clock) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as emotion,
        open_redis(redis_url) as redis,
        Client(emotion) as client,
    ):
        await wait_for_health(emotion, serving=True)
        await client.hello("ada", "kitchen")
        assert MoodState.from_proto((await client.ask(face_jpeg())).mood.state) is MoodState.ABSENT
        clock.forward(1)
        mood = (await client.ask(face_jpeg())).mood
        assert MoodState.from_proto(mood.state) is MoodState.HAPPY
        assert mood.valence > 0.5

        async def is_kept() -> bool:
            event = await kept_mood(redis, "ada")
            return event is not None and event.mood.state is MoodState.HAPPY and event.session_id == "kitchen"

        await until(is_kept)


async def test_somebody_who_comes_back_goes_on_with_their_mood(emotion: grpc.aio.Channel, redis_url: str):
    event = resumable(MoodState.SAD, datetime.now(UTC) - timedelta(minutes=5))
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), event.model_dump_json())
    async with Client(emotion) as client:
        welcome = await client.hello("ada")
        assert Mood.from_proto(welcome.mood).state is MoodState.SAD
        reading = await client.ask(face_jpeg())
        assert Mood.from_proto(reading.mood).state is MoodState.SAD
        assert Mood.from_proto(reading.mood).since == event.mood.since


async def test_without_redis_streams_go_on(open_emotion: OpenService, tfserving_address: str):
    nowhere = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    async with open_emotion(tfserving_address=tfserving_address, redis_url=nowhere) as emotion:
        await wait_for_health(emotion, serving=True)
        async with Client(emotion) as client:
            await client.hello()
            assert (await client.ask(face_jpeg())).status == OK


async def test_a_mood_ages_while_no_frame_comes(redis_url: str, tfserving_address: str):
    settings = EmotionSettings(port=0, redis_url=redis_url, tfserving_address=tfserving_address)
    clock = HandClock()
    async with (
        open_service(settings, clock) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as emotion,
        open_redis(redis_url) as redis,
        Client(emotion) as client,
    ):
        await redis.set(mood_key("ada"), resumable(MoodState.HAPPY, clock()).model_dump_json())
        await client.hello("ada")
        clock.forward(4)

        async def is_absent() -> bool:
            kept = await kept_mood(redis, "ada")
            return kept is not None and kept.mood.state is MoodState.ABSENT

        await until(is_absent)


async def test_a_client_that_does_not_read_holds_up_nobody(emotion: grpc.aio.Channel):
    async with Client(emotion) as deaf, Client(emotion) as other:
        await deaf.hello("deaf")
        flood = asyncio.create_task(send_many(deaf, 3000))
        await other.hello("other")
        for _ in range(5):
            assert (await other.ask(face_jpeg())).status == OK
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)


async def send_many(client: Client, count: int) -> None:
    for _ in range(count):
        await client.send(b"no picture")


@pytest.mark.parametrize(
    "kept",
    [
        b"\xff\xfe",
        b'{"state": "happy"}',
        (
            b'{"event_id": "e", "user_id": "ada", "session_id": "s", "reason": "change", "at": "2026-01-01T00:00:00Z",'
            b' "mood": {"state": "happy", "since": "0001-01-01T00:00:00"}}'
        ),
    ],
)
async def test_a_mood_that_somebody_else_wrote_is_as_good_as_none(
    emotion: grpc.aio.Channel, redis_url: str, kept: bytes
):
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), kept)
    async with Client(emotion) as client:
        assert MoodState.from_proto((await client.hello("ada")).mood.state) is MoodState.ABSENT
