"""A real gRPC server on a real port, with a small emotion service behind it that the test controls."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc, mood_pb2
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.errors import EmoVerseError
from servicekit.grpc_status import errors_as_statuses
from standalone.ports import LOOPBACK, free_ports

HAPPY = [0.02, 0.01, 0.03, 0.85, 0.02, 0.02, 0.05]


class FakeEmotionService(emotion_pb2_grpc.EmotionServiceServicer):
    """Greets, receives frames as they come, and answers one for every permit in `answers`."""

    def __init__(self) -> None:
        self.hellos: list[emotion_pb2.Hello] = []
        self.frames: list[emotion_pb2.Frame] = []
        self.answers = asyncio.Semaphore(0)
        self.is_silent = False
        """Leaves the frames that come now unanswered, and hears what follows them."""
        self.most_unanswered = 0
        self.refusal: EmoVerseError | None = None
        self.max_in_flight = 4
        self.max_image_bytes = 1_000_000
        self.pace = emotion_pb2.Pace()
        self.tell_pace = False
        self.authorization: str | None = None
        self.streams_ended_well = 0
        self._unanswered = 0
        self._streams = set[asyncio.Queue[emotion_pb2.Frame | emotion_pb2.Reconnect | None]]()
        self.changed = asyncio.Condition()

    def answer(self, count: int = 10_000) -> None:
        for _ in range(count):
            self.answers.release()

    def move_on(self, retry_after_s: float, grace_s: float) -> None:
        """Ask every stream to go elsewhere."""
        order = emotion_pb2.Reconnect(reason=emotion_pb2.RECONNECT_REASON_DRAINING)
        order.retry_after.FromTimedelta(timedelta(seconds=retry_after_s))
        order.grace.FromTimedelta(timedelta(seconds=grace_s))
        for stream in self._streams:
            stream.put_nowait(order)

    async def until_greeted(self, count: int) -> None:
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(lambda: len(self.hellos) >= count)

    async def until_received(self, count: int) -> None:
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(lambda: len(self.frames) >= count)

    async def until_ended_well(self, count: int) -> None:
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(lambda: self.streams_ended_well >= count)

    async def AnalyzeImage(
        self, request: emotion_pb2.AnalyzeImageRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> emotion_pb2.AnalyzeImageResponse:
        raise NotImplementedError

    async def StreamFrames(
        self,
        request_iterator: AsyncIterator[emotion_pb2.StreamFramesRequest],
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncGenerator[emotion_pb2.StreamFramesResponse]:
        async with errors_as_statuses(context):
            hello = (await anext(request_iterator)).hello
            self.authorization = dict(context.invocation_metadata() or ()).get("authorization")  # pyright: ignore
            async with self.changed:
                self.hellos.append(hello)
                self.changed.notify_all()
            if self.refusal:
                raise self.refusal
            yield self._welcome(hello)
            received = asyncio.Queue[emotion_pb2.Frame | emotion_pb2.Reconnect | None]()
            self._streams.add(received)
            receiving = asyncio.create_task(self._receive(request_iterator, received))
            try:
                while item := await received.get():
                    if isinstance(item, emotion_pb2.Reconnect):
                        yield emotion_pb2.StreamFramesResponse(reconnect=item)
                        continue
                    if self.is_silent:
                        continue
                    await self.answers.acquire()
                    yield emotion_pb2.StreamFramesResponse(reading=self._reading(item))
                    self._unanswered -= 1
                async with self.changed:
                    self.streams_ended_well += 1
                    self.changed.notify_all()
            finally:
                self._streams.discard(received)
                receiving.cancel()

    def _reading(self, frame: emotion_pb2.Frame) -> emotion_pb2.Reading:
        reading = reading_of(frame)
        if self.tell_pace:
            reading.pace.CopyFrom(self.pace)
        return reading

    def _welcome(self, hello: emotion_pb2.Hello) -> emotion_pb2.StreamFramesResponse:
        self._unanswered = 0
        return emotion_pb2.StreamFramesResponse(
            welcome=emotion_pb2.Welcome(
                session_id=hello.session_id or "made-by-server",
                max_image_bytes=self.max_image_bytes,
                max_in_flight=self.max_in_flight,
                pace=self.pace,
            )
        )

    async def _receive(
        self,
        requests: AsyncIterator[emotion_pb2.StreamFramesRequest],
        received: asyncio.Queue[emotion_pb2.Frame | emotion_pb2.Reconnect | None],
    ) -> None:
        async for request in requests:
            async with self.changed:
                self.frames.append(request.frame)
                self._unanswered += 1
                self.most_unanswered = max(self.most_unanswered, self._unanswered)
                self.changed.notify_all()
            received.put_nowait(request.frame)
        received.put_nowait(None)


def reading_of(frame: emotion_pb2.Frame) -> emotion_pb2.Reading:
    """Happy in a picture, a problem in anything else."""
    if not frame.image.startswith(b"\xff\xd8"):
        return emotion_pb2.Reading(
            sequence=frame.sequence,
            captured_at=frame.captured_at,
            status=emotion_pb2.READING_STATUS_BAD_IMAGE,
            problem=mood_pb2.Problem(code="image_undecodable", message="No picture.", advice="Send a JPEG."),
        )
    mood = Mood(
        state=MoodState.HAPPY, probabilities=HAPPY, valence=0.6, arousal=0.4, confidence=0.85, since=datetime.now(UTC)
    )
    face = emotion_pb2.Face(
        box=emotion_pb2.Box(x=10, y=20, width=200, height=210),
        probabilities=HAPPY,
        valence=0.6,
        arousal=0.4,
        track_id=7,
    )
    return emotion_pb2.Reading(
        sequence=frame.sequence,
        captured_at=frame.captured_at,
        status=emotion_pb2.READING_STATUS_OK,
        faces=[face],
        mood=mood.to_proto(),
        processing_ms=1.0,
    )


class FakeServer:
    """The service at an address, which can go away and come back."""

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self._tls = tls
        self.address = f"{LOOPBACK}:{free_ports(1)[0]}"
        self.endpoint = Endpoint(self.address)
        self.service = FakeEmotionService()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        emotion_pb2_grpc.add_EmotionServiceServicer_to_server(self.service, self._server)
        if self._tls:
            key, certificate = (path.read_bytes() for path in self._tls)
            self._server.add_secure_port(self.address, grpc.ssl_server_credentials([(key, certificate)]))
        else:
            self._server.add_insecure_port(self.address)
        await self._server.start()

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(None)


@pytest.fixture
async def stopped_server() -> AsyncGenerator[FakeServer]:
    """Not started yet."""
    server = FakeServer()
    yield server
    await server.stop()


@pytest.fixture
async def server(stopped_server: FakeServer) -> FakeServer:
    """A running server that answers nothing before the test says so."""
    await stopped_server.start()
    return stopped_server


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """PEM files: an authority, and a certificate for localhost that it signed, with its key."""
    ca, files = trustme.CA(), (folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    issued = ca.issue_cert("localhost")
    ca.cert_pem.write_to_path(files[0])
    issued.cert_chain_pems[0].write_to_path(files[1])
    issued.private_key_pem.write_to_path(files[2])
    return files
