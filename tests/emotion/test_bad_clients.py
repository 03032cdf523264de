"""Clients that break the rules, the protocol or the measure: each gets its answer, and nobody else is disturbed."""

import asyncio
import struct
from typing import Any

import grpc
import pytest

from contracts.pb.emoverse.v1 import emotion_pb2
from services.emotion import servicer
from services.emotion.app import MAX_STILLS, open_service
from services.emotion.settings import EmotionSettings
from tests.emotion.conftest import OpenService, wait_for_health
from tests.emotion.support import DEADLINE_S, Client, FakeModel, empty_jpeg, face_jpeg, refusal_of, until
from tests.emotion.test_callers import analyze
from tests.emotion.test_streams import DROPPED, HELLO, OK

METHOD = "/emoverse.v1.EmotionService/StreamFrames"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def literal(name: str, value: str) -> bytes:
    """A header field that is not in the table, without compression (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def frame(kind: int, flags: int, payload: bytes) -> bytes:
    """Of the first stream of an HTTP/2 connection (RFC 9113, 4.1)."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + struct.pack(">I", 1) + payload


HEADERS = frame(
    1,
    4,
    b"".join(
        literal(*pair)
        for pair in [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", METHOD),
            (":authority", "localhost"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        ]
    ),
)
SAID = HELLO.SerializeToString()
HALF = struct.pack(">BI", 0, len(SAID)) + SAID[:3]

RAW: dict[str, bytes] = {
    "no HTTP/2": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "noise": bytes(range(256)) * 40,
    "half a preface": PREFACE[:10],
    "half a message, then silence": PREFACE + HEADERS + frame(0, 0, HALF),
    "half a message, then the end": PREFACE + HEADERS + frame(0, 1, HALF),
    "a message that says it is huge": PREFACE + HEADERS + frame(0, 0, struct.pack(">BI", 0, 2**31) + SAID),
}


@pytest.mark.parametrize("name", RAW)
async def test_bytes_that_are_no_whole_message_hold_up_nobody_and_take_no_place(
    redis_url: str, tfserving_address: str, name: str
):
    settings = EmotionSettings(port=0, redis_url=redis_url, tfserving_address=tfserving_address, max_streams=1)
    async with open_service(settings) as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as emotion:
        await wait_for_health(emotion, serving=True)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(RAW[name])
        await writer.drain()
        async with Client(emotion) as client:
            await client.hello("ada")
            assert [(await client.ask(face_jpeg())).status for _ in range(3)] == [OK] * 3
        writer.close()


async def test_a_message_that_cannot_be_parsed_ends_its_stream_alone(emotion: grpc.aio.Channel):
    raw: Any = emotion.stream_stream(METHOD)(timeout=DEADLINE_S)
    async with Client(emotion) as client:
        await client.hello("ada")
        await raw.write(SAID)
        assert await raw.read()
        await raw.write(b"\xff\xff\xff")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw.read()
        assert caught.value.code() is not grpc.StatusCode.OK
        assert (await client.ask(face_jpeg())).status == OK


async def test_of_a_thousand_frames_a_second_the_newest_are_read_and_all_are_answered(emotion: grpc.aio.Channel):
    async with Client(emotion) as flood, Client(emotion) as other:
        await flood.hello("flood")
        await other.hello("ada")
        image = empty_jpeg()
        sending = asyncio.create_task(send(flood, image, 150))
        assert [(await other.ask(face_jpeg())).status for _ in range(5)] == [OK] * 5
        await sending
        readings = await flood.finish()
    assert [reading.sequence for reading in readings] == list(range(1, 151))
    statuses = [reading.status for reading in readings]
    assert statuses[-1] != DROPPED
    assert readings[-1].dropped == statuses.count(DROPPED) > 0


async def send(client: Client, image: bytes, count: int) -> None:
    for _ in range(count):
        await client.send(image)


async def test_no_more_is_taken_from_a_client_than_can_be_made_use_of(
    emotion: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(servicer, "MAX_RECEIVED_FPS", 10.0)
    async with Client(emotion) as flood:
        await flood.hello("flood")
        began = asyncio.get_running_loop().time()
        await send(flood, b"", 10)
        assert len(await flood.finish()) == 10
        assert asyncio.get_running_loop().time() - began > 0.6


async def test_a_client_that_stops_reading_is_told_and_gives_its_place_back(
    redis_url: str, tfserving_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(servicer, "WRITE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(servicer, "MAX_RECEIVED_FPS", 1e6)
    settings = EmotionSettings(port=0, redis_url=redis_url, tfserving_address=tfserving_address, max_streams=1)
    narrow = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024), ("grpc.use_local_subchannel_pool", 1)]
    async with (
        open_service(settings) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as emotion,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", narrow) as line,
        Client(line) as deaf,
    ):
        await deaf.hello("deaf")
        await send(deaf, b"no", 1200)

        async def has_place() -> bool:
            async with Client(emotion) as other:
                try:
                    return bool((await other.hello("ada")).session_id)
                except grpc.aio.AioRpcError:
                    return False

        await until(has_place)
        assert (await deaf.refusal())[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "client_not_reading")


async def test_static_pictures_beyond_capacity_are_refused_and_streams_go_on(
    open_emotion: OpenService, tfserving_address: str, model: FakeModel
):
    async with (
        open_emotion(tfserving_address=tfserving_address, vision_threads=1) as emotion,
        Client(emotion) as client,
    ):
        await wait_for_health(emotion, serving=True)
        await client.hello("ada")
        model.batches.clear()
        asked = [asyncio.ensure_future(analyze(emotion, None)) for _ in range(MAX_STILLS + 20)]
        assert [(await client.ask(face_jpeg())).status for _ in range(3)] == [OK] * 3
        answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [refusal_of(each) for each in answers if isinstance(each, grpc.RpcError)]
    assert {(status, code) for status, code, _ in refused} == {(grpc.StatusCode.RESOURCE_EXHAUSTED, "overloaded")}
    assert any(isinstance(each, emotion_pb2.AnalyzeImageResponse) for each in answers)


async def test_a_greedy_client_gets_no_more_than_its_share(emotion: grpc.aio.Channel, model: FakeModel):
    """Of a reader that is the bottleneck, each stream has one frame at a time, in turn."""
    image, counts = face_jpeg(), {"greedy": 0, "modest": 0}
    async with Client(emotion) as greedy, Client(emotion) as modest:
        await greedy.hello("greedy")
        await modest.hello("modest")
        sending = asyncio.create_task(send(greedy, image, 400))
        reading = asyncio.create_task(count(greedy, counts))

        async def ask(name: str, client: Client, times: int) -> None:
            for _ in range(times):
                counts[name] += (await client.ask(image)).status == OK

        await ask("modest", modest, 20)
        assert counts["modest"] == 20
        assert counts["greedy"] <= 3 * counts["modest"]
        for task in (sending, reading):
            task.cancel()
        await asyncio.gather(sending, reading, return_exceptions=True)


async def count(client: Client, counts: dict[str, int]) -> None:
    while True:
        counts["greedy"] += (await client.reading()).status == OK
