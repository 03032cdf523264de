"""A client that finds faces itself sends them, and no picture leaves the device."""

from typing import Any

import cv2
import grpc
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from contracts.emotion import Emotion
from contracts.mood import MoodState
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from tests.emotion.support import DEADLINE_S, Client, FakeModel, face_jpeg, mostly, refusal_of
from tests.emotion.test_streams import BAD_IMAGE, NO_FACE, OK


def crops(*faces: emotion_pb2.FaceCrop) -> emotion_pb2.FaceCrops:
    return emotion_pb2.FaceCrops(faces=faces)


def face(x: int = 200, side: int = 160, grey: int = 90, size: int = 48 * 48) -> emotion_pb2.FaceCrop:
    return emotion_pb2.FaceCrop(box=emotion_pb2.Box(x=x, y=100, width=side, height=side), pixels=bytes([grey]) * size)


async def test_a_crop_is_read_as_it_came_and_followed_by_its_box(emotion: grpc.aio.Channel, model: FakeModel):
    seen: list[Any] = []
    model.answer = lambda faces: [seen.append(faces) or mostly(Emotion.HAPPY)] * len(faces)
    pixels = np.arange(48 * 48, dtype=np.uint16).astype(np.uint8)
    sent = emotion_pb2.FaceCrop(box=emotion_pb2.Box(x=200, y=100, width=160, height=160), pixels=pixels.tobytes())
    async with Client(emotion) as client:
        await client.hello()
        first = await client.ask(b"", crops=crops(sent))
        second = await client.ask(b"", crops=crops(face(x=210)))
    assert first.status == second.status == OK
    assert (seen[0][0].reshape(-1) == pixels).all()
    assert first.faces[0].box == sent.box
    assert first.faces[0].track_id == second.faces[0].track_id
    assert MoodState.from_proto(first.mood.state) is MoodState.ABSENT


async def test_no_crop_is_a_frame_without_a_face(emotion: grpc.aio.Channel):
    async with Client(emotion) as client:
        await client.hello()
        assert (await client.ask(b"", crops=crops())).status == NO_FACE


BAD_CROPS = {
    "half a crop": (crops(face(size=1000)), b"", "crop_size_wrong"),
    "no pixels": (crops(face(size=0)), b"", "crop_size_wrong"),
    "no box": (crops(face(side=0)), b"", "crop_without_box"),
    "too many": (crops(*[face()] * 65), b"", "too_many_faces"),
    "a picture too": (crops(face()), b"picture", "image_and_crops"),
}


@pytest.mark.parametrize("name", BAD_CROPS)
async def test_bad_crops_are_told_and_the_stream_goes_on(emotion: grpc.aio.Channel, name: str):
    bad, image, code = BAD_CROPS[name]
    async with Client(emotion) as client:
        await client.hello()
        reading = await client.ask(image, crops=bad)
        assert (reading.status, reading.problem.code) == (BAD_IMAGE, code)
        assert reading.problem.advice
        assert (await client.ask(b"", crops=crops(face()))).status == OK
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await analyze(emotion, image=image, crops=bad)
    assert refusal_of(caught.value)[:2] == (grpc.StatusCode.INVALID_ARGUMENT, code)


async def analyze(channel: grpc.aio.Channel, **fields: Any) -> emotion_pb2.AnalyzeImageResponse:
    stub = emotion_pb2_grpc.EmotionServiceStub(channel)
    return await stub.AnalyzeImage(emotion_pb2.AnalyzeImageRequest(**fields), timeout=DEADLINE_S)


async def test_static_crops_are_answered_in_their_order(emotion: grpc.aio.Channel, model: FakeModel):
    model.answer = lambda faces: [mostly(Emotion.SAD if one.mean() < 100 else Emotion.HAPPY) for one in faces]
    response = await analyze(emotion, crops=crops(face(side=50, grey=50), face(side=200, grey=200)))
    assert [cv2.minMaxLoc(np.array(one.probabilities))[3][1] for one in response.faces] == [4, 3]
    assert (response.image_width, response.image_height) == (0, 0)


async def test_a_reading_tells_how_late_its_frame_came(emotion: grpc.aio.Channel):
    async with Client(emotion) as client:
        await client.hello()
        await client.ask(b"", crops=crops(), captured_at=Timestamp(seconds=5_000))
        late = await client.ask(b"", crops=crops(), captured_at=Timestamp(seconds=4_000))
        untold = await client.ask(b"", crops=crops(), captured_at=None)
        mad = await client.ask(face_jpeg(), captured_at=Timestamp(seconds=2**62, nanos=-(2**31)))
    assert late.lag_ms == pytest.approx(1_000_000, rel=0.01)
    assert untold.lag_ms == 0
    assert mad.status == OK
