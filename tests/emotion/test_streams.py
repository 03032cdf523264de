"""Live streams, through a real gRPC port, real OpenCV and real Redis."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import grpc
import numpy as np
import pytest

from contracts.emotion import Emotion
from contracts.mood import MoodState
from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.errors import OverloadedError
from servicekit.grpc_status import error_from
from services.capture.demo import draw_face
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from tests.emotion.conftest import OpenService, wait_for_health
from tests.emotion.support import Client, FakeModel, empty_jpeg, face_jpeg, jpeg, mostly, png, until

OK = emotion_pb2.READING_STATUS_OK
NO_FACE = emotion_pb2.READING_STATUS_NO_FACE
BAD_IMAGE = emotion_pb2.READING_STATUS_BAD_IMAGE
DROPPED = emotion_pb2.READING_STATUS_DROPPED
DEGRADED = emotion_pb2.READING_STATUS_DEGRADED

HELLO = emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="demo"))
FRAME = emotion_pb2.StreamFramesRequest(frame=emotion_pb2.Frame(sequence=1, image=b"x"))


def lying_png(side: int) -> bytes:
    """A small PNG whose header says that it is `side` x `side`."""
    small = bytearray(png(np.zeros((64, 64), np.uint8)))
    small[16:24] = side.to_bytes(4) * 2
    return bytes(small)


BAD_PICTURES = {
    "empty": (b"", "image_empty"),
    "text": (b"Dear server, this is no picture.\n" * 20, "image_unknown"),
    "cut short": (face_jpeg()[:5000], "image_undecodable"),
    "header only": (face_jpeg()[:20], "image_undecodable"),
    "noise after the header": (face_jpeg()[:700] + bytes(range(256)) * 9, "image_undecodable"),
    "one pixel": (png(np.zeros((1, 1), np.uint8)), "image_too_small"),
    "10,000 x 10,000": (png(np.zeros((10_000, 10_000), np.uint8)), "image_too_large"),
    "a header that lies": (lying_png(60_000), "image_too_large"),
    "too many bytes": (face_jpeg() + bytes(8 * 2**20), "image_too_large"),
}


async def test_every_frame_gets_a_reading_with_the_face_and_the_mood(emotion: grpc.aio.Channel):
    async with Client(emotion) as client:
        welcome = await client.hello("ada", "kitchen")
        assert (welcome.session_id, welcome.max_in_flight) == ("kitchen", 2)
        assert welcome.max_image_bytes > 0
        assert welcome.max_image_pixels > 0
        assert MoodState.from_proto(welcome.mood.state) is MoodState.ABSENT

        reading = await client.ask(face_jpeg(Emotion.HAPPY))
        assert reading.status == OK
        assert reading.captured_at.seconds == 1_700_000_000
        assert reading.processing_ms > 0
        face = reading.faces[0]
        assert list(face.probabilities) == pytest.approx(mostly(Emotion.HAPPY), abs=1e-5)
        assert face.valence > 0.5
        assert face.track_id > 0
        assert 200 < face.box.x + face.box.width / 2 < 440

        again = await client.ask(face_jpeg(Emotion.HAPPY, seed=2))
        assert again.faces[0].track_id == face.track_id
        assert not again.HasField("problem")


async def test_a_session_without_a_name_gets_one(emotion: grpc.aio.Channel):
    async with Client(emotion) as one, Client(emotion) as other:
        assert (await one.hello()).session_id != (await other.hello()).session_id


async def test_an_empty_room_is_a_normal_result(emotion: grpc.aio.Channel):
    async with Client(emotion) as client:
        await client.hello()
        reading = await client.ask(empty_jpeg())
        assert (reading.status, len(reading.faces), reading.HasField("problem")) == (NO_FACE, 0, False)


@pytest.mark.parametrize("name", BAD_PICTURES)
async def test_a_bad_picture_gets_a_reading_that_says_why_and_the_stream_goes_on(emotion: grpc.aio.Channel, name: str):
    image, code = BAD_PICTURES[name]
    async with Client(emotion) as client:
        await client.hello()
        reading = await client.ask(image)
        assert (reading.status, reading.problem.code) == (BAD_IMAGE, code)
        assert reading.problem.message
        assert reading.problem.advice
        assert (await client.ask(face_jpeg())).status == OK


async def test_the_bad_pictures_of_one_client_do_not_disturb_another(emotion: grpc.aio.Channel):
    async def misbehave() -> set[int]:
        async with Client(emotion) as client:
            await client.hello("eve")
            return {(await client.ask(image)).status for image, _ in BAD_PICTURES.values()}

    async def behave() -> set[int]:
        async with Client(emotion) as client:
            await client.hello("ada")
            return {(await client.ask(face_jpeg(seed=seed))).status for seed in range(10)}

    assert await asyncio.gather(misbehave(), behave()) == [{BAD_IMAGE}, {OK}]


async def test_newest_wins_and_every_frame_is_answered_in_order(emotion: grpc.aio.Channel, model: FakeModel):
    model.hold = asyncio.Event()
    image = face_jpeg()
    async with Client(emotion) as client:
        await client.hello()
        await client.send(image)
        await until(lambda: len(model.batches) == 1)
        for _ in range(9):
            await client.send(image)
        # A bad picture of another stream is answered only after everything sent before it has arrived.
        async with Client(emotion) as other:
            await other.hello("other")
            await other.ask(b"")
        model.hold.set()
        readings = await client.finish()
        assert [reading.sequence for reading in readings] == list(range(1, 11))
        assert [reading.status for reading in readings] == [OK, *[DROPPED] * 8, OK]
        assert readings[1].problem.code == "frame_superseded"
        assert [reading.dropped for reading in readings] == [0, *range(1, 9), 8]


async def test_a_client_that_keeps_to_what_it_was_granted_loses_no_frame(emotion: grpc.aio.Channel):
    image = face_jpeg()
    async with Client(emotion) as client:
        granted = (await client.hello()).max_in_flight
        for _ in range(granted):
            await client.send(image)
        statuses: list[Any] = []
        for _ in range(10):
            statuses.append((await client.reading()).status)
            await client.send(image)
        statuses += [reading.status for reading in await client.finish()]
        assert statuses == [OK] * (10 + granted)


async def test_when_the_client_has_said_all_the_stream_ends_well(emotion: grpc.aio.Channel):
    async with Client(emotion) as client:
        await client.hello()
        await client.send(face_jpeg())
        assert [reading.status for reading in await client.finish()] == [OK]
        assert await client.call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("second", [1, 0])
async def test_a_sequence_that_does_not_rise_ends_the_stream_after_what_was_taken_in(
    emotion: grpc.aio.Channel, second: int
):
    async with Client(emotion) as client:
        await client.hello()
        await client.send(face_jpeg(), sequence=1)
        await client.send(face_jpeg(), sequence=second)
        assert (await client.reading()).status == OK
        status, code, advice = await client.refusal()
        assert (status, code) == (grpc.StatusCode.INVALID_ARGUMENT, "sequence_not_increasing")
        assert "upwards" in advice


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([FRAME], "hello_missing"),
        ([emotion_pb2.StreamFramesRequest()], "hello_missing"),
        ([], "hello_missing"),
        ([HELLO, HELLO], "hello_repeated"),
        ([HELLO, emotion_pb2.StreamFramesRequest()], "request_empty"),
        ([emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello())], "user_id_invalid"),
        ([emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="../etc"))], "user_id_invalid"),
        ([emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="a\n"))], "user_id_invalid"),
        ([emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="a" * 65))], "user_id_invalid"),
        (
            [emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="a", session_id="b c"))],
            "session_id_invalid",
        ),
    ],
)
async def test_a_stream_that_breaks_its_rules_is_told_which(
    emotion: grpc.aio.Channel, requests: list[emotion_pb2.StreamFramesRequest], code: str
):
    async with Client(emotion) as client:
        for request in requests:
            await client.call.write(request)
        await client.call.done_writing()
        status, reason, advice = await client.refusal()
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, code)
        assert advice


async def test_a_full_worker_refuses_the_next_stream_until_one_ends(open_emotion: OpenService, tfserving_address: str):
    async with open_emotion(tfserving_address=tfserving_address, max_streams=1) as emotion:
        async with Client(emotion) as first:
            await first.hello()
            async with Client(emotion) as second:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await second.hello()
                assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                refusal = error_from(caught.value, "the emotion service")
                assert isinstance(refusal, OverloadedError)
                assert refusal.retry_after_s
                assert 1 < refusal.retry_after_s < 10
            await first.finish()
        async with Client(emotion) as third:
            await third.hello()


async def test_a_stream_that_would_leave_the_others_too_little_is_refused(
    open_emotion: OpenService, tfserving_address: str
):
    changes = {"min_fps": 1000.0, "max_fps": 2000.0, "vision_threads": 1}
    async with (
        open_emotion(tfserving_address=tfserving_address, **changes) as emotion,
        Client(emotion) as first,
        Client(emotion) as second,
    ):
        assert (await first.hello("ada")).pace.max_fps == 1000
        await second.start("bob")
        assert (await second.refusal())[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "streams_exhausted")
        assert (await first.ask(face_jpeg())).faces


async def test_a_client_that_vanishes_frees_its_place(open_emotion: OpenService, tfserving_address: str):
    async with open_emotion(tfserving_address=tfserving_address, max_streams=1) as emotion:
        async with Client(emotion) as first:
            await first.hello()
            await first.send(face_jpeg())
            first.call.cancel()
        for _ in range(100):
            try:
                async with Client(emotion) as second:
                    await second.hello()
                break
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.01)
        else:
            pytest.fail("the place was not freed")


async def test_when_the_service_stops_streams_are_told_after_their_last_reading(
    redis_url: str, tfserving_address: str, model: FakeModel
):
    settings = EmotionSettings(
        port=0, redis_url=redis_url, tfserving_address=tfserving_address, model_timeout_s=5, reconnect_grace_s=0.2
    )
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(open_service(settings))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as emotion, Client(emotion) as client:
            await wait_for_health(emotion, serving=True)
            await client.hello()
            model.hold = asyncio.Event()
            await client.send(face_jpeg())
            await until(lambda: len(model.batches) == 1)
            closing = asyncio.create_task(stack.aclose())
            reconnect = await client.reconnect()
            assert reconnect.reason == emotion_pb2.RECONNECT_REASON_DRAINING
            assert reconnect.retry_after.ToTimedelta() < reconnect.grace.ToTimedelta() == timedelta(seconds=0.2)
            model.hold.set()
            assert (await client.reading()).status == OK
            status, code, advice = await client.refusal()
            assert (status, code) == (grpc.StatusCode.UNAVAILABLE, "stopping")
            assert "again" in advice
            await closing


async def test_several_faces_come_with_the_main_one_first(emotion: grpc.aio.Channel, model: FakeModel):
    model.answer = lambda faces: [mostly(Emotion.HAPPY)] * len(faces)
    large = draw_face(Emotion.NEUTRAL, seed=1)
    small = np.ascontiguousarray(large[::2, ::2])
    picture = np.full((480, 960, 3), 128, np.uint8)
    picture[:240, :320] = small
    picture[:, 320:] = large
    async with Client(emotion) as client:
        await client.hello()
        reading = await client.ask(jpeg(picture))
    widths = [face.box.width for face in reading.faces]
    assert len(widths) >= 2
    assert widths[0] == max(widths)
    assert len({face.track_id for face in reading.faces}) == len(widths)
