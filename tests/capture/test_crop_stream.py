"""Faces that are found on the device, read by the real emotion service."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import grpc

from contracts.emotion import Emotion
from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.frames import Frame
from servicekit.emotion_client.stream import EmotionStream
from services.capture.demo import draw_empty_room, draw_face
from services.capture.packing import CropPacker
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from tests.emotion.conftest import wait_for_health
from tests.emotion.support import DEADLINE_S, FakeModel, serve_model

PICTURES = [draw_face(Emotion.HAPPY, seed=seed, jitter=0.2) for seed in range(4)] + [draw_empty_room(seed=1)]


async def packed() -> AsyncGenerator[Frame]:
    pack = CropPacker()
    for picture in PICTURES:
        yield pack(picture, datetime.now(UTC))


async def test_faces_found_on_the_device_are_read_and_followed(redis_url: str):
    readings: list[emotion_pb2.Reading] = []
    async with (
        serve_model(FakeModel()) as model,
        open_service(EmotionSettings(port=0, redis_url=redis_url, tfserving_address=model)) as port,
        asyncio.timeout(DEADLINE_S),
    ):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await wait_for_health(channel, serving=True)
        stream = EmotionStream(Endpoint(f"127.0.0.1:{port}"), "ada", keep_every_frame=True)
        async with aclosing(stream.readings(packed())) as timed:
            readings += [each.reading async for each in timed]
    sent = [crops[0] for frame in [frame async for frame in packed()] if (crops := frame.crops)]
    *seen, empty = readings
    assert {reading.status for reading in seen} == {emotion_pb2.READING_STATUS_OK}
    assert [reading.faces[0].box.x for reading in seen] == [crop.x for crop in sent]
    assert len({reading.faces[0].track_id for reading in seen}) == 1
    assert empty.status == emotion_pb2.READING_STATUS_NO_FACE
