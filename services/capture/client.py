"""The client of EmotionService.StreamFrames: bounded, newest wins, and it comes back after every interruption."""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import grpc
import stamina
import structlog

from contracts.mood import to_timestamp
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.errors import EmoVerseError, UnavailableError
from servicekit.grpc_status import error_from
from services.capture.errors import ServerRefusedError, ServerUnreachableError

MAX_IN_FLIGHT: Final = 2
"""Frames sent and not answered: one travels while the other is read; more would only add to the latency."""
ANSWER_TIMEOUT_S: Final = 10.0
"""A server that leaves frames unanswered for so long is taken for lost."""
GREETING_TIMEOUT_S: Final = 5.0
CLOSING_TIMEOUT_S: Final = 2.0
MAX_WAIT_S: Final = 5.0
"""The longest pause between two failed attempts to connect."""
MAX_PAUSE_S: Final = 0.5
"""The longest pause before a lost connection is sought again."""

_REFUSALS: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)

_log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")
Call = grpc.aio.StreamStreamCall[emotion_pb2.StreamFramesRequest, emotion_pb2.StreamFramesResponse]


class Frame(NamedTuple):
    """A picture on its way to the server."""

    image: bytes
    """JPEG or PNG."""
    captured_at: datetime
    """With a time zone."""


class TimedReading(NamedTuple):
    """A reading, and how long it took."""

    reading: emotion_pb2.Reading
    latency_ms: float
    """From frame sent to reading received."""


class Connection(StrEnum):
    """Where the stream stands with its server."""

    CONNECTED = "connected"
    RETRYING = "retrying"


class _Numbered(NamedTuple):
    sequence: int
    frame: Frame


class EmotionStream:
    """One person's live stream. Use it once.

    Args:
        address: the emotion service, HOST:PORT.
        user_id: who is in front of the camera.
        session_id: resumes this session; empty, the server makes one, and it is kept across reconnections.
        keep_every_frame: wait for the server instead of replacing frames, and send those that an interruption left
            unanswered again. For recordings; live pictures are worth nothing when they are old.
        connect_timeout_s: how long the first connection may take. A connection that once stood is sought for ever.
        on_connection: called with every change of the connection, and what it means for a person to read.
    """

    def __init__(
        self,
        address: str,
        user_id: str,
        *,
        session_id: str = "",
        keep_every_frame: bool = False,
        connect_timeout_s: float = 60.0,
        on_connection: Callable[[Connection, str], None] = lambda _state, _text: None,
    ) -> None:
        self.session_id = session_id
        self.dropped = 0
        """Frames that were replaced by newer ones, or lost with a connection."""
        self._peer = f"the emotion service at {address}"
        self._address = address
        self._user_id = user_id
        self._keep_every_frame = keep_every_frame
        self._connect_timeout_s: float | None = connect_timeout_s
        self._on_connection = on_connection
        self._inbox = asyncio.Queue[_Numbered | None](maxsize=1)
        self._again = deque[_Numbered]()
        self._unanswered: dict[int, tuple[_Numbered, float]] = {}
        self._told: tuple[Connection, str] | None = None
        self._source_ended = False
        self._finished = False

    async def readings(self, frames: AsyncIterable[Frame]) -> AsyncGenerator[TimedReading]:
        """Send the frames and yield what the server reads in them, until the frames end and all are answered.

        At most `MAX_IN_FLIGHT` frames are unanswered at a time. Of those that come meanwhile only the newest is kept,
        unless every frame is to be kept. An interruption is waited out with backoff and jitter, and the session is
        resumed.

        Raises:
            ServerRefusedError: the server will not serve this stream.
            ServerUnreachableError: the first connection did not come about in time.
            Whatever `frames` raises, after the frames before it were answered.
        """
        collecting = asyncio.create_task(self._collect(frames))
        try:
            async with grpc.aio.insecure_channel(self._address, options=[("grpc.enable_retries", 0)]) as channel:
                stub = emotion_pb2_grpc.EmotionServiceStub(channel)
                while not self._finished:
                    call, welcome = await self._connect(stub)
                    async for reading in self._exchange(call, welcome):
                        yield reading
            await collecting
        finally:
            collecting.cancel()
            await asyncio.gather(collecting, return_exceptions=True)

    async def _collect(self, frames: AsyncIterable[Frame]) -> None:
        sequence = 0
        try:
            async for frame in frames:
                sequence += 1
                if self._inbox.full() and not self._keep_every_frame:
                    self._inbox.get_nowait()
                    self.dropped += 1
                await self._inbox.put(_Numbered(sequence, frame))
        except Exception:
            await self._inbox.put(None)
            raise
        await self._inbox.put(None)

    async def _connect(self, stub: "emotion_pb2_grpc.EmotionServiceAsyncStub") -> tuple[Call, emotion_pb2.Welcome]:
        attempts = stamina.retry_context(
            on=UnavailableError, attempts=None, timeout=self._connect_timeout_s, wait_max=MAX_WAIT_S
        )
        try:
            async for attempt in attempts:
                with attempt:
                    call = stub.StreamFrames()
                    welcome = await self._greet(call)
                    self._connect_timeout_s = None
                    return call, welcome
        except UnavailableError as error:
            raise ServerUnreachableError(error.message, error.advice, error.code) from error
        raise AssertionError("unreachable: the attempts end with a call or an error")

    async def _greet(self, call: Call) -> emotion_pb2.Welcome:
        hello = emotion_pb2.Hello(user_id=self._user_id, session_id=self.session_id)
        try:
            await self._outcome(call.write(emotion_pb2.StreamFramesRequest(hello=hello)), GREETING_TIMEOUT_S)
            response = await self._outcome(call.read(), GREETING_TIMEOUT_S)
            if not isinstance(response, emotion_pb2.StreamFramesResponse) or not response.HasField("welcome"):
                raise self._lost("ended the greeting without a welcome")
        except EmoVerseError as error:
            call.cancel()
            self._tell(Connection.RETRYING, str(error))
            raise
        self.session_id = response.welcome.session_id
        self._tell(Connection.CONNECTED, f"{self._address}, session {self.session_id}")
        return response.welcome

    async def _exchange(self, call: Call, welcome: emotion_pb2.Welcome) -> AsyncGenerator[TimedReading]:
        """Readings until the call ends, in whatever way; only a refusal is raised."""
        free = asyncio.Semaphore(min(MAX_IN_FLIGHT, welcome.max_in_flight) or 1)
        sending = asyncio.create_task(self._send(call, welcome, free))
        sending.add_done_callback(lambda _: call.cancel())
        try:
            while isinstance(response := await self._outcome(call.read()), emotion_pb2.StreamFramesResponse):
                if response.reading.sequence in self._unanswered:
                    _, sent_at = self._unanswered.pop(response.reading.sequence)
                    free.release()
                    yield TimedReading(response.reading, 1000 * (time.perf_counter() - sent_at))
            if not self._finished:
                raise self._lost("ended the stream")
        except UnavailableError as error:
            if not self._finished:
                await self._interrupted(error)
        finally:
            sending.cancel()
            call.cancel()
            await asyncio.wait({sending})
        if not sending.cancelled():
            sending.result()

    async def _send(self, call: Call, welcome: emotion_pb2.Welcome, free: asyncio.Semaphore) -> None:
        # When the call ends, the reader learns why; here it is only the end of the work.
        with suppress(grpc.RpcError, asyncio.InvalidStateError, TimeoutError):
            await _acquire(free)
            while numbered := await self._next(welcome.max_image_bytes):
                self._unanswered[numbered.sequence] = numbered, time.perf_counter()
                await call.write(emotion_pb2.StreamFramesRequest(frame=_to_proto(numbered)))
                await _acquire(free)
            while self._unanswered:
                await _acquire(free)
            self._finished = True
            await call.done_writing()
            await asyncio.sleep(CLOSING_TIMEOUT_S)

    async def _next(self, max_image_bytes: int) -> _Numbered | None:
        while True:
            numbered = self._again.popleft() if self._again else await self._from_inbox()
            if numbered is None or not 0 < max_image_bytes < len(numbered.frame.image):
                return numbered
            self.dropped += 1
            size = len(numbered.frame.image)
            _log.warning("skipped a picture that the server would not take", bytes=size, most=max_image_bytes)

    async def _from_inbox(self) -> _Numbered | None:
        if not self._source_ended:
            numbered = await self._inbox.get()
            self._source_ended = numbered is None
            return numbered
        return None

    async def _interrupted(self, error: UnavailableError) -> None:
        self._tell(Connection.RETRYING, str(error))
        unanswered = [numbered for numbered, _ in self._unanswered.values()]
        self._unanswered.clear()
        if self._keep_every_frame:
            self._again.extendleft(reversed(unanswered))
        else:
            self.dropped += len(unanswered)
        # The clients of a server that went away must not all be back in the same instant.
        await asyncio.sleep(random.uniform(0, MAX_PAUSE_S))

    async def _outcome(self, work: Coroutine[Any, Any, ResultT], timeout_s: float | None = None) -> ResultT:
        """What `work` on a call gives, its failures as ours.

        Raises:
            ServerRefusedError: trying again changes nothing.
            UnavailableError: anything else, silence for `timeout_s` included.
        """
        # A task of its own: a call cancelled by the other side must not look like the cancellation of this one.
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=timeout_s)
            if not task.done():
                raise self._lost(f"did not answer within {timeout_s:g} s")
            if task.cancelled():
                raise self._lost("stopped answering")
            return task.result()
        except asyncio.InvalidStateError as error:
            raise self._lost("ended the stream") from error
        except grpc.aio.AioRpcError as error:
            cause = error_from(error, self._peer)
            kind = ServerRefusedError if error.code() in _REFUSALS else UnavailableError
            raise kind(cause.message, cause.advice, cause.code) from error
        finally:
            task.cancel()

    def _tell(self, state: Connection, text: str) -> None:
        if (state, text) != self._told:
            self._told = state, text
            self._on_connection(state, text)

    def _lost(self, what: str) -> UnavailableError:
        return UnavailableError(f"{self._peer[:1].upper()}{self._peer[1:]} {what}.", "Check that it runs.")


async def _acquire(free: asyncio.Semaphore) -> None:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        await free.acquire()


def _to_proto(numbered: _Numbered) -> emotion_pb2.Frame:
    frame = numbered.frame
    return emotion_pb2.Frame(sequence=numbered.sequence, captured_at=to_timestamp(frame.captured_at), image=frame.image)
