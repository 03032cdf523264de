"""One person's live stream: bounded, newest wins, and it comes back after every interruption."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from enum import StrEnum
from typing import Final

import stamina

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.call import Call
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError, ServerUnreachableError
from servicekit.emotion_client.frames import Frame, Outbox
from servicekit.emotion_client.leg import Leg, TimedReading
from servicekit.errors import EmoVerseError, OverloadedError, UnavailableError

MAX_WAIT_S: Final = 5.0
"""The longest pause between two failed attempts to connect, unless the server asks for a longer one."""
MAX_PAUSE_S: Final = 0.5
"""The longest pause before a lost connection is sought again."""
LATER: Final = 1.2
"""How many times longer than a server asks for its clients wait at most, so that they do not come back together."""


class Connection(StrEnum):
    """Where the stream stands with its server."""

    CONNECTED = "connected"
    RETRYING = "retrying"


class EmotionStream:
    """One person's live stream. Use it once.

    Args:
        endpoint: the emotion service.
        user_id: who is in front of the camera.
        session_id: resumes this session; empty, the server makes one, and it is kept across reconnections.
        keep_every_frame: wait for the server instead of replacing frames, and send those that an interruption left
            unanswered again. For recordings; live pictures are worth nothing when they are old.
        connect_timeout_s: how long the first connection may take. A connection that once stood is sought for ever.
        on_connection: called with every change of the connection, and what it means for a person to read.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        user_id: str,
        *,
        session_id: str = "",
        keep_every_frame: bool = False,
        connect_timeout_s: float = 60.0,
        on_connection: Callable[[Connection, str], None] = lambda _state, _text: None,
    ) -> None:
        self.session_id = session_id
        self.pace = emotion_pb2.Pace()
        """What the server can make use of, as told last."""
        self._endpoint = endpoint
        self._user_id = user_id
        self._connect_timeout_s: float | None = connect_timeout_s
        self._on_connection = on_connection
        self._outbox = Outbox(keep_every_frame)
        self._next_leg: asyncio.Task[Leg | None] | None = None
        self._told: tuple[Connection, str] | None = None

    @property
    def dropped(self) -> int:
        """Frames that were replaced by newer ones, or too large for the server."""
        return self._outbox.dropped

    def push(self, frame: Frame) -> None:
        """Offer the newest frame, in place of one that was not sent yet. Never waits."""
        self._outbox.push(frame)

    async def end(self) -> None:
        """No frame will be pushed any more; `readings` ends after the last one's."""
        await self._outbox.end()

    async def readings(self, frames: AsyncIterable[Frame] | None = None) -> AsyncGenerator[TimedReading]:
        """What the server reads in the frames that are pushed, or in `frames`, until they end and all are answered.

        At most two frames are unanswered at a time. Of those that come meanwhile only the newest is kept, and what goes
        with a connection is answered as dropped, unless every frame is to be kept. An interruption is waited out with
        backoff and jitter, or for as long as the server asks for, and the session is resumed. A server that wants the
        stream elsewhere is left only once the next one has greeted.

        Raises:
            ServerRefusedError: the server will not serve this stream.
            ServerUnreachableError: the first connection did not come about in time.
            ConfigurationError: a file that the endpoint names cannot be read.
            Whatever `frames` raises, after the frames before it were answered.
        """
        collecting = asyncio.create_task(self._collect(frames) if frames else asyncio.sleep(0))
        leg: Leg | None = None
        try:
            leg = await self._connect(self._connect_timeout_s)
            while leg:
                async for timed in self._follow(leg):
                    yield timed
                left, leg = leg, await self._after(leg)
                for lost in self._outbox.take_back(left.unanswered):
                    yield TimedReading(lost.to_dropped(), latency_ms=0.0)
            await collecting
        finally:
            collecting.cancel()
            await asyncio.gather(collecting, return_exceptions=True)
            await self._close(leg)

    async def _collect(self, frames: AsyncIterable[Frame]) -> None:
        try:
            async for frame in frames:
                await self._outbox.put(frame)
        except Exception:
            await self._outbox.end()
            raise
        await self._outbox.end()

    async def _follow(self, leg: Leg) -> AsyncGenerator[TimedReading]:
        """Readings until the leg ends, in whatever way; only a refusal is raised."""
        leg.start()
        try:
            async for response in leg.responses():
                if isinstance(response, emotion_pb2.Reconnect):
                    # Whoever found no place the last time may be asked again.
                    if not self._next_leg or (self._next_leg.done() and not self._next_leg.result()):
                        self._next_leg = asyncio.create_task(self._move(leg, response))
                else:
                    yield self._noted(response)
        except (OverloadedError, UnavailableError) as error:
            if not leg.finished and not self._next_leg:
                await self._interrupted(error)
        except ServerRefusedError:
            # The session lives on in the next call, which ended this one.
            if not self._next_leg:
                raise

    def _noted(self, timed: TimedReading) -> TimedReading:
        if timed.reading.HasField("pace"):
            self.pace = timed.reading.pace
        return timed

    async def _interrupted(self, error: OverloadedError | UnavailableError) -> None:
        self._tell(Connection.RETRYING, str(error))
        # The clients of a server that went away must not all be back in the same instant.
        asked = _asked_for(error)
        await asyncio.sleep(random.uniform(0, MAX_PAUSE_S) if asked is None else asked)

    async def _after(self, leg: Leg) -> Leg | None:
        moved = await self._next_leg if self._next_leg else None
        self._next_leg = None
        await leg.close()
        if not leg.finished:
            return moved or await self._connect(None)
        await self._close(moved)
        return None

    async def _move(self, leg: Leg, asked: emotion_pb2.Reconnect) -> Leg | None:
        """The next leg, greeted, with the old one left; None: the old one goes on as long as it may."""
        wait_s = asked.retry_after.ToTimedelta().total_seconds()
        grace_s = asked.grace.ToTimedelta().total_seconds()
        await asyncio.sleep(wait_s)
        try:
            moved = await self._connect(max(grace_s - wait_s, 0.1))
        except (ServerRefusedError, ServerUnreachableError):
            return None
        await leg.leave()
        return moved

    async def _close(self, leg: Leg | None) -> None:
        if self._next_leg:
            self._next_leg.cancel()
            await asyncio.gather(self._next_leg, return_exceptions=True)
        if leg:
            await leg.close()

    async def _connect(self, timeout_s: float | None) -> Leg:
        attempts = stamina.retry_context(on=_worth_another, attempts=None, timeout=timeout_s, wait_max=MAX_WAIT_S)
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._greet()
        except (OverloadedError, UnavailableError) as error:
            raise ServerUnreachableError(error.message, error.advice, error.code) from error
        raise AssertionError("unreachable: the attempts end with a leg or an error")

    async def _greet(self) -> Leg:
        call = Call(self._endpoint)
        try:
            welcome = await call.greet(emotion_pb2.Hello(user_id=self._user_id, session_id=self.session_id))
        except BaseException as error:
            await call.close()
            if isinstance(error, EmoVerseError) and not self._next_leg:
                self._tell(Connection.RETRYING, str(error))
            raise
        self.session_id, self.pace = welcome.session_id, welcome.pace
        self._tell(Connection.CONNECTED, f"{self._endpoint.address}, session {self.session_id}")
        return Leg(call, welcome, self._outbox)

    def _tell(self, state: Connection, text: str) -> None:
        if (state, text) != self._told:
            self._told = state, text
            self._on_connection(state, text)


def _worth_another(error: Exception) -> bool | float:
    """Whether to try again, or in how many seconds."""
    asked = _asked_for(error)
    return isinstance(error, OverloadedError | UnavailableError) if asked is None else asked


def _asked_for(error: Exception) -> float | None:
    asked = error.retry_after_s if isinstance(error, OverloadedError) else None
    return None if asked is None else asked * random.uniform(1.0, LATER)
