import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError, ServerUnreachableError
from servicekit.emotion_client.frames import FaceCrop, Frame
from servicekit.emotion_client.leg import MAX_IN_FLIGHT, TimedReading
from servicekit.emotion_client.stream import Connection, EmotionStream
from servicekit.errors import ConfigurationError, InvalidInputError, OverloadedError
from servicekit.tls import Tls
from services.capture.errors import SourceError
from services.capture.settings import CaptureSettings
from tests.capture.conftest import FakeServer, certificates

JPEG = b"\xff\xd8 a picture"
TIMEOUT_S = 20.0


class Camera:
    """Frames that the test gives out, one by one."""

    def __init__(self) -> None:
        self._queue = asyncio.Queue[Frame | None]()

    def give(self, count: int, image: bytes = JPEG, crops: list[FaceCrop] | None = None) -> None:
        for _ in range(count):
            self._queue.put_nowait(Frame(image, datetime.now(UTC), crops))

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def taken(self) -> None:
        await asyncio.wait_for(self._queue.join(), TIMEOUT_S)

    async def frames(self) -> AsyncGenerator[Frame]:
        while frame := await self._queue.get():
            yield frame
            # Whoever asks for the next one is done with this one.
            self._queue.task_done()


@pytest.fixture
def camera() -> Camera:
    return Camera()


def recording(count: int) -> Camera:
    camera = Camera()
    camera.give(count)
    camera.end()
    return camera


async def collect(stream: EmotionStream, camera: Camera, count: int | None = None) -> list[TimedReading]:
    collected: list[TimedReading] = []
    async with asyncio.timeout(TIMEOUT_S), aclosing(stream.readings(camera.frames())) as readings:
        async for reading in readings:
            collected.append(reading)
            if len(collected) == count:
                break
    return collected


def sequences(readings: Iterable[TimedReading]) -> list[int]:
    return [timed.reading.sequence for timed in readings]


async def test_a_recording_is_read_frame_by_frame_and_ends(server: FakeServer):
    server.service.answer()
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    readings = await collect(stream, recording(25))
    assert sequences(readings) == list(range(1, 26))
    assert {timed.reading.status for timed in readings} == {emotion_pb2.READING_STATUS_OK}
    assert all(timed.latency_ms > 0 for timed in readings)
    assert server.service.hellos == [emotion_pb2.Hello(user_id="ann")]
    assert stream.session_id == "made-by-server"
    assert stream.dropped == 0


async def test_at_most_two_are_in_flight_and_the_newest_frame_wins(server: FakeServer, camera: Camera):
    stream = EmotionStream(server.endpoint, "ann")
    collecting = asyncio.create_task(collect(stream, camera))
    for count in (1, 2):
        camera.give(1)
        await server.service.until_received(count)
    camera.give(20)
    await camera.taken()
    camera.end()
    server.service.answer()
    assert sequences(await collecting) == [1, 2, 22]
    assert server.service.most_unanswered == MAX_IN_FLIGHT
    assert stream.dropped == 19


async def test_the_server_can_allow_less(server: FakeServer):
    server.service.max_in_flight = 1
    server.service.answer()
    await collect(EmotionStream(server.endpoint, "ann", keep_every_frame=True), recording(10))
    assert server.service.most_unanswered == 1


async def test_a_recording_waits_for_the_server_instead_of_losing_frames(server: FakeServer):
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    collecting = asyncio.create_task(collect(stream, recording(10)))
    await server.service.until_received(2)
    assert len(server.service.frames) == 2
    server.service.answer()
    assert sequences(await collecting) == list(range(1, 11))


async def test_it_comes_back_to_a_server_that_went_away_and_resumes_its_session(server: FakeServer, camera: Camera):
    told: list[Connection] = []
    stream = EmotionStream(server.endpoint, "ann", on_connection=lambda state, _: told.append(state))
    collecting = asyncio.create_task(collect(stream, camera, 2))
    server.service.answer(1)
    camera.give(1)
    await server.service.until_received(1)
    await server.stop()
    camera.give(1)
    await server.start()
    server.service.answer()
    camera.give(1)
    assert sequences(await collecting)[0] == 1
    assert [hello.session_id for hello in server.service.hellos] == ["", "made-by-server"]
    assert told[0] == told[-1] == Connection.CONNECTED
    assert Connection.RETRYING in told


async def test_a_recording_sends_again_what_an_interruption_left_unanswered(server: FakeServer):
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    collecting = asyncio.create_task(collect(stream, recording(6)))
    server.service.answer(3)
    await server.service.until_received(5)
    await server.stop()
    server.service.answer()
    await server.start()
    assert sequences(await collecting) == list(range(1, 7))
    assert stream.dropped == 0


async def test_it_waits_for_a_server_that_is_not_there_yet(stopped_server: FakeServer):
    told = asyncio.Event()
    stream = EmotionStream(
        stopped_server.endpoint, "ann", keep_every_frame=True, on_connection=lambda state, text: told.set()
    )
    collecting = asyncio.create_task(collect(stream, recording(3)))
    await asyncio.wait_for(told.wait(), TIMEOUT_S)
    stopped_server.service.answer()
    await stopped_server.start()
    assert len(await collecting) == 3


async def test_without_a_server_it_gives_up_in_time(stopped_server: FakeServer):
    stream = EmotionStream(stopped_server.endpoint, "ann", connect_timeout_s=0.2)
    with pytest.raises(ServerUnreachableError, match=stopped_server.address):
        await collect(stream, recording(3))


async def test_a_server_that_is_full_is_asked_again(server: FakeServer):
    server.service.refusal = OverloadedError("Full.", "Come back later.")
    told: list[str] = []

    def on_connection(_: Connection, text: str) -> None:
        told.append(text)
        server.service.refusal = None

    server.service.answer()
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True, on_connection=on_connection)
    assert len(await collect(stream, recording(2))) == 2
    assert told[0] == "Full. Come back later."


async def test_a_refusal_is_final_and_carries_the_advice(server: FakeServer):
    server.service.refusal = InvalidInputError("No such user.", "Sign up.", code="user_unknown")
    with pytest.raises(ServerRefusedError, match="No such user") as caught:
        await collect(EmotionStream(server.endpoint, "ann"), recording(3))
    assert (caught.value.advice, caught.value.code) == ("Sign up.", "user_unknown")
    assert len(server.service.hellos) == 1


async def test_a_server_that_stops_answering_is_left_and_found_again(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("servicekit.emotion_client.leg.ANSWER_TIMEOUT_S", 0.05)
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True, session_id="mine")
    collecting = asyncio.create_task(collect(stream, recording(3)))
    await server.service.until_received(4)
    monkeypatch.undo()
    server.service.answer()
    assert sorted(set(sequences(await collecting))) == [1, 2, 3]
    assert {hello.session_id for hello in server.service.hellos} == {"mine"}


async def test_a_picture_that_the_server_would_not_take_is_left_out(server: FakeServer):
    server.service.max_image_bytes = 100
    server.service.answer()
    camera = Camera()
    camera.give(1)
    camera.give(1, JPEG * 100)
    camera.give(1)
    camera.end()
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    assert sequences(await collect(stream, camera)) == [1, 3]
    assert stream.dropped == 1


async def test_the_error_of_a_source_arrives_after_the_readings_before_it(server: FakeServer):
    async def failing() -> AsyncGenerator[Frame]:
        yield Frame(JPEG, datetime.now(UTC))
        raise SourceError("The camera is gone.", "Connect it.")

    server.service.answer()
    readings = EmotionStream(server.endpoint, "ann", keep_every_frame=True).readings(failing())
    assert (await anext(readings)).reading.sequence == 1
    with pytest.raises(SourceError, match="camera is gone"):
        await anext(readings)


async def test_frames_can_be_pushed_while_readings_are_received(server: FakeServer):
    stream = EmotionStream(server.endpoint, "ann")
    async with aclosing(stream.readings()) as readings:
        received: list[int] = []
        server.service.answer()
        for count in range(1, 4):
            stream.push(Frame(JPEG, datetime.now(UTC)))
            received.append((await asyncio.wait_for(anext(readings), TIMEOUT_S)).reading.sequence)
            assert received[-1] == count
        await stream.end()
        assert [timed async for timed in readings] == []
    assert stream.dropped == 0


async def test_crops_travel_instead_of_a_picture(server: FakeServer):
    crop = FaceCrop(10, 20, 96, 97, bytes(48 * 48))
    server.service.answer()
    camera = Camera()
    for crops in ([crop], []):
        camera.give(1, b"", crops)
    camera.end()
    await collect(EmotionStream(server.endpoint, "ann", keep_every_frame=True), camera)
    sent, empty = server.service.frames
    assert sent.image == empty.image == b""
    assert empty.HasField("crops")
    assert not empty.crops.faces
    assert sent.crops.faces[0].pixels == crop.pixels
    assert sent.crops.faces[0].box == emotion_pb2.Box(x=10, y=20, width=96, height=97)


async def test_a_server_that_says_when_it_has_a_place_is_asked_then(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
):
    server.service.refusal = OverloadedError("Full.", "Come back later.", retry_after_s=0.3)
    monkeypatch.setattr("servicekit.emotion_client.stream.LATER", 1.0)
    server.service.answer()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    asked_s: list[float] = []

    def on_connection(state: Connection, _: str) -> None:
        asked_s.append(loop.time() - began_s)
        server.service.refusal = None

    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True, on_connection=on_connection)
    assert len(await collect(stream, recording(2))) == 2
    assert asked_s[1] - asked_s[0] >= 0.3


async def test_a_server_that_stays_full_is_given_up_in_time(server: FakeServer):
    server.service.refusal = OverloadedError("Full.", "Come back later.", retry_after_s=0.05)
    stream = EmotionStream(server.endpoint, "ann", connect_timeout_s=0.3)
    with pytest.raises(ServerUnreachableError, match="Full"):
        await collect(stream, recording(1))
    assert len(server.service.hellos) > 1


async def test_asked_to_go_elsewhere_it_moves_without_losing_a_frame(server: FakeServer, camera: Camera):
    told: list[Connection] = []
    stream = EmotionStream(
        server.endpoint, "ann", keep_every_frame=True, on_connection=lambda state, _: told.append(state)
    )
    collecting = asyncio.create_task(collect(stream, camera))
    server.service.answer()
    camera.give(3)
    await server.service.until_received(3)
    server.service.move_on(retry_after_s=0.01, grace_s=10)
    await server.service.until_greeted(2)
    camera.give(3)
    camera.end()
    assert sequences(await collecting) == [1, 2, 3, 4, 5, 6]
    assert [hello.session_id for hello in server.service.hellos] == ["", "made-by-server"]
    await server.service.until_ended_well(2)
    assert told == [Connection.CONNECTED]
    assert stream.dropped == 0


async def test_frames_that_a_move_loses_are_answered_as_dropped(
    server: FakeServer, camera: Camera, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("servicekit.emotion_client.leg.LAST_ANSWERS_S", 0.05)
    server.service.is_silent = True
    stream = EmotionStream(server.endpoint, "ann")
    collecting = asyncio.create_task(collect(stream, camera, 2))
    for count in (1, 2):
        camera.give(1)
        await server.service.until_received(count)
    server.service.move_on(retry_after_s=0, grace_s=10)
    readings = await collecting
    assert sequences(readings) == [1, 2]
    assert {timed.reading.status for timed in readings} == {emotion_pb2.READING_STATUS_DROPPED}


async def test_while_nobody_else_takes_it_the_old_server_goes_on(server: FakeServer, camera: Camera):
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    collecting = asyncio.create_task(collect(stream, camera))
    server.service.answer()
    camera.give(1)
    await server.service.until_received(1)
    server.service.refusal = OverloadedError("Full.", "Come back later.")
    server.service.move_on(retry_after_s=0, grace_s=0.2)
    await server.service.until_greeted(2)
    camera.give(2)
    camera.end()
    assert sequences(await collecting) == [1, 2, 3]
    await server.service.until_ended_well(1)


async def test_who_found_no_place_can_be_asked_again(server: FakeServer, camera: Camera):
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    collecting = asyncio.create_task(collect(stream, camera))
    server.service.answer()
    camera.give(1)
    await server.service.until_received(1)
    server.service.refusal = InvalidInputError("Not here.", "Stay where you are.")
    async with asyncio.timeout(10):
        while len(server.service.hellos) < 3:
            server.service.move_on(retry_after_s=0, grace_s=10)
            await asyncio.sleep(0.01)
    camera.give(2)
    camera.end()
    assert sequences(await collecting) == [1, 2, 3]


async def test_frames_that_end_during_a_move_end_the_stream(server: FakeServer, camera: Camera):
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    collecting = asyncio.create_task(collect(stream, camera))
    server.service.answer()
    camera.give(1)
    await server.service.until_received(1)
    server.service.move_on(retry_after_s=0.05, grace_s=10)
    camera.end()
    assert sequences(await collecting) == [1]


async def test_the_pace_is_the_one_told_last(server: FakeServer):
    server.service.pace = emotion_pb2.Pace(max_fps=8, useful_width_px=320, useful_height_px=240)
    server.service.answer(1)
    stream = EmotionStream(server.endpoint, "ann", keep_every_frame=True)
    async with aclosing(stream.readings(recording(2).frames())) as readings:
        await anext(readings)
        assert stream.pace.max_fps == 8
        server.service.pace = emotion_pb2.Pace(max_fps=4)
        server.service.tell_pace = True
        server.service.answer()
        async for _ in readings:
            pass
    assert stream.pace.max_fps == 4


async def test_the_token_shows_who_calls_over_tls(tmp_path: Path):
    ca, certificate, key = certificates(tmp_path)
    server = FakeServer(tls=(key, certificate))
    await server.start()
    server.service.answer()
    endpoint = Endpoint(server.address.replace("127.0.0.1", "localhost"), token="s3cret", tls=Tls(ca_file=ca))
    try:
        readings = await collect(EmotionStream(endpoint, "ann", keep_every_frame=True), recording(2))
        stranger = EmotionStream(Endpoint(server.address, tls=Tls()), "ann", connect_timeout_s=0.2)
        with pytest.raises(ServerUnreachableError):
            await collect(stranger, recording(1))
    finally:
        await server.stop()
    assert sequences(readings) == [1, 2]
    assert server.service.authorization == "Bearer s3cret"
    assert "s3cret" not in repr(endpoint)


async def test_a_token_may_be_made_for_every_call(server: FakeServer):
    server.service.answer()
    tokens = iter(range(1, 100))
    endpoint = Endpoint(server.address, token=lambda: f"token {next(tokens)}")
    async with aclosing(EmotionStream(endpoint, "ann").readings()) as readings:
        reading = asyncio.ensure_future(anext(readings))
        await server.service.until_greeted(1)
        assert server.service.authorization == "Bearer token 1"
        await server.stop()
        await server.start()
        await server.service.until_greeted(2)
        assert server.service.authorization not in {None, "Bearer token 1"}
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.parametrize("half", ["certificate_file", "key_file"])
def test_half_of_a_certificate_and_its_key_is_a_wrong_setting(half: str):
    with pytest.raises(ValueError, match="CAPTURE_KEY_FILE go together"):
        CaptureSettings.model_validate({half: "device.pem"})


async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path):
    endpoint = Endpoint("localhost:1", tls=Tls(ca_file=tmp_path / "ca.pem"))
    with pytest.raises(ConfigurationError, match=r"ca\.pem cannot be read") as caught:
        await collect(EmotionStream(endpoint, "ann"), recording(1))
    assert caught.value.code == "tls_file_unreadable"
