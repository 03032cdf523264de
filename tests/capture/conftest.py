"""A real gRPC server on a real port, with a small emotion service behind it that the test controls."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc, mood_pb2
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
        self.most_unanswered = 0
        self.refusal: EmoVerseError | None = None
        self.max_in_flight = 4
        self.max_image_bytes = 1_000_000
        self._unanswered = 0
        self.changed = asyncio.Condition()

    def answer(self, count: int = 10_000) -> None:
        for _ in range(count):
            self.answers.release()

    async def until_received(self, count: int) -> None:
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(lambda: len(self.frames) >= count)

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
            self.hellos.append((await anext(request_iterator)).hello)
            if self.refusal:
                raise self.refusal
            yield self._welcome(self.hellos[-1])
            received = asyncio.Queue[emotion_pb2.Frame | None]()
            receiving = asyncio.create_task(self._receive(request_iterator, received))
            try:
                while frame := await received.get():
                    await self.answers.acquire()
                    yield emotion_pb2.StreamFramesResponse(reading=reading_of(frame))
                    self._unanswered -= 1
            finally:
                receiving.cancel()

    def _welcome(self, hello: emotion_pb2.Hello) -> emotion_pb2.StreamFramesResponse:
        self._unanswered = 0
        return emotion_pb2.StreamFramesResponse(
            welcome=emotion_pb2.Welcome(
                session_id=hello.session_id or "made-by-server",
                max_image_bytes=self.max_image_bytes,
                max_in_flight=self.max_in_flight,
            )
        )

    async def _receive(
        self,
        requests: AsyncIterator[emotion_pb2.StreamFramesRequest],
        received: asyncio.Queue[emotion_pb2.Frame | None],
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

    def __init__(self) -> None:
        self.address = f"{LOOPBACK}:{free_ports(1)[0]}"
        self.service = FakeEmotionService()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        emotion_pb2_grpc.add_EmotionServiceServicer_to_server(self.service, self._server)
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
