"""The gRPC edge: keeps the rules of the wire, and delegates."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import grpc
import structlog

from contracts.events import IDENTIFIER_PATTERN
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.background import in_background
from servicekit.errors import OverloadedError, UnavailableError
from servicekit.grpc_status import errors_as_statuses
from servicekit.tracing import note, parent_in, span
from services.emotion.callers import Caller, Callers, bearer
from services.emotion.errors import StreamRuleError
from services.emotion.faces import STILL, FaceFinder
from services.emotion.images import ImageLimits
from services.emotion.inbox import Frame
from services.emotion.messages import from_crops, to_faces, to_pace, to_reading, to_reconnect, to_status
from services.emotion.readings import FaceReader, FaceReading, ReadingStatus
from services.emotion.session import LeaveReason, Session
from services.emotion.sessions import Sessions

SERVICE_NAME: Final = emotion_pb2.DESCRIPTOR.services_by_name["EmotionService"].full_name
HELLO_TIMEOUT_S: Final = 10.0
WRITE_TIMEOUT_S: Final = 10.0
"""How long a client may leave a reading unread before its stream is ended."""

MAX_RECEIVED_FPS: Final = 120.0
BURST_S: Final = 0.25
"""How much of a silence may be made up for at once."""

Context = grpc.aio.ServicerContext[Any, Any]
Requests = AsyncIterator[emotion_pb2.StreamFramesRequest]

_log = structlog.get_logger(__name__)


class Outbox:
    """What goes to one client: one message after the other, whoever sends it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = asyncio.Lock()
        self._writing: asyncio.Future[None] | None = None

    async def send(self, response: emotion_pb2.StreamFramesResponse) -> None:
        """Send it once those before it are sent.

        Raises:
            OverloadedError: the client did not take it in time.
        """
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S), self._turn:
                self._writing = asyncio.ensure_future(self._context.write(response))
                self._writing.add_done_callback(_forget)
                await asyncio.shield(self._writing)
        except TimeoutError as error:
            raise OverloadedError(
                f"A reading was not taken within {WRITE_TIMEOUT_S:g} s.",
                "Read the readings as they come.",
                code="client_not_reading",
            ) from error

    @asynccontextmanager
    async def emptied(self) -> AsyncGenerator[None]:
        """At the end wait for the message on its way: gRPC cannot tell how a call ended before that is taken, or the
        client is gone."""
        try:
            yield
        finally:
            if self._writing and not self._writing.done():
                await asyncio.wait({self._writing})


def _forget(writing: asyncio.Future[None]) -> None:
    if not writing.cancelled():
        writing.exception()


class EmotionServicer(emotion_pb2_grpc.EmotionServiceServicer):
    """EmotionService as emotion.proto defines it.

    Args:
        stills: reads static pictures, so that these never take a thread from the streams.
        limits: what clients are told; the readers enforce them.
        max_in_flight: likewise; `sessions` enforces it.
    """

    def __init__(
        self,
        sessions: Sessions,
        callers: Callers,
        stills: FaceReader,
        finder: FaceFinder,
        limits: ImageLimits,
        max_in_flight: int,
    ) -> None:
        self._sessions = sessions
        self._callers = callers
        self._stills = stills
        self._finder = finder
        self._limits = limits
        self._max_in_flight = max_in_flight

    async def StreamFrames(  # pyright: ignore[reportIncompatibleMethodOverride]  (the stubs know only generators)
        self, request_iterator: Requests, context: Context
    ) -> None:
        """A Hello, then frames; a Welcome, then a reading for each of them."""
        outbox = Outbox(context)
        async with errors_as_statuses(context), outbox.emptied():
            caller = await self._identify(context)
            hello = await _hello(request_iterator)
            caller.check(hello.user_id)
            session_id = hello.session_id or uuid4().hex
            async with self._sessions.open(hello.user_id, session_id, caller.token_id) as session:
                await outbox.send(emotion_pb2.StreamFramesResponse(welcome=self._welcome(session)))
                receiving = asyncio.create_task(_receive(request_iterator, session))
                async with in_background(_lead_away(session, outbox)):
                    try:
                        await _answer(session, outbox, parent_in(context.invocation_metadata()))
                        await receiving
                    finally:
                        receiving.cancel()
                        await asyncio.gather(receiving, return_exceptions=True)

    async def _identify(self, context: Context) -> Caller:
        return await self._callers.identify(bearer(context.invocation_metadata()))

    def _welcome(self, session: Session) -> emotion_pb2.Welcome:
        return emotion_pb2.Welcome(
            session_id=session.holder.session_id,
            max_image_bytes=self._limits.max_bytes,
            max_image_pixels=self._limits.max_pixels,
            max_in_flight=self._max_in_flight,
            mood=session.tracker.mood.to_proto(),
            pace=to_pace(session.pace),
            resumed=session.resumed,
        )

    async def AnalyzeImage(
        self, request: emotion_pb2.AnalyzeImageRequest, context: Context
    ) -> emotion_pb2.AnalyzeImageResponse:
        """Every face in one picture."""
        async with errors_as_statuses(context):
            await self._identify(context)
            sight = await self._stills.look(request.image, from_crops(request), STILL, self._finder.find)
            predictions = await self._stills.read(sight.faces)
            faces = [
                FaceReading(face.box, read, roll=face.roll) for face, read in zip(sight.faces, predictions, strict=True)
            ]
            return emotion_pb2.AnalyzeImageResponse(
                status=to_status(ReadingStatus.OK if faces else ReadingStatus.NO_FACE),
                faces=to_faces(faces),
                image_width=sight.size.width,
                image_height=sight.size.height,
            )
        raise AssertionError("errors_as_statuses ends the call")


async def _hello(requests: Requests) -> emotion_pb2.Hello:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            first = await anext(requests, None)
    except TimeoutError as error:
        raise _rule("hello_missing", f"No Hello came within {HELLO_TIMEOUT_S:g} s.", "Send it first.") from error
    if first is None or first.WhichOneof("payload") != "hello":
        raise _rule("hello_missing", "The stream did not begin with a Hello.", "Send it before the first frame.")
    for name, value in (("user_id", first.hello.user_id), ("session_id", first.hello.session_id or "0")):
        if not re.fullmatch(IDENTIFIER_PATTERN, value):
            raise _rule(
                f"{name}_invalid",
                f"The {name} {value[:64]!r} is not valid.",
                "Use 1 to 64 of letters, digits, '.', '_' and '-', the first a letter or a digit.",
            )
    return first.hello


async def _receive(requests: Requests, session: Session) -> None:
    broken = None
    next_s = time.perf_counter() - BURST_S
    try:
        async for request in requests:
            await session.receive(_frame(request))
            # Whoever sends more waits on their own line, and costs the others nothing.
            next_s = max(next_s + 1 / MAX_RECEIVED_FPS, time.perf_counter() - BURST_S)
            if (ahead_s := next_s - time.perf_counter()) > 0:
                await asyncio.sleep(ahead_s)
    except StreamRuleError as error:
        broken = error
    finally:
        # The frames taken in so far are answered before the stream ends, however it ends.
        await session.inbox.close(broken)


def _frame(request: emotion_pb2.StreamFramesRequest) -> Frame:
    match request.WhichOneof("payload"):
        case "frame":
            frame = request.frame
            return Frame(frame.sequence, frame.captured_at, frame.image, time.perf_counter(), from_crops(frame))
        case "hello":
            raise _rule("hello_repeated", "A second Hello came.", "Open another stream for another session.")
        case None:
            raise _rule("request_empty", "A request was empty.", "Send frames after the Hello.")


async def _lead_away(session: Session, outbox: Outbox) -> None:
    leave = await session.leaves.get()
    try:
        while True:
            await outbox.send(emotion_pb2.StreamFramesResponse(reconnect=to_reconnect(leave)))
            try:
                async with asyncio.timeout(leave.grace_s):
                    leave = await session.leaves.get()
            except TimeoutError:
                if leave.reason is LeaveReason.DRAINING or session.superseded:
                    break
                # Who found no place elsewhere keeps the one here.
                session.leaving = False
                leave = await session.leaves.get()
    except (OverloadedError, grpc.RpcError):
        _log.debug("a client could not be told to reconnect")
    finally:
        await session.inbox.close(
            UnavailableError("This stream was to go on with another worker.", "Connect again.", code="stopping")
        )


async def _answer(session: Session, outbox: Outbox, stream: str | None) -> None:
    async for frame in session.inbox:
        with span("frame", link=stream):
            reading = await session.read(frame)
            note(status=reading.status.value, faces=len(reading.faces))
        session.inbox.answered()
        now_s = time.perf_counter()
        session.around.metrics.frame_s.observe(now_s - frame.received_s)
        answer = to_reading(frame, reading, session.dropped, now_s)
        await outbox.send(emotion_pb2.StreamFramesResponse(reading=answer))


def _rule(code: str, message: str, advice: str) -> StreamRuleError:
    return StreamRuleError(message, advice, code=code)
