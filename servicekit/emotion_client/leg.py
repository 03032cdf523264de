"""A greeted call with its share of the stream: what was sent on it, and what is answered."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final, NamedTuple

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.call import Call
from servicekit.emotion_client.errors import ServerRefusedError
from servicekit.emotion_client.frames import Numbered, Outbox
from servicekit.errors import OverloadedError, UnavailableError

MAX_IN_FLIGHT: Final = 2
"""Frames sent and not answered: one travels while the other is read; more would only add to the latency."""
ANSWER_TIMEOUT_S: Final = 10.0
"""A server that leaves frames unanswered for so long is taken for lost."""
LAST_ANSWERS_S: Final = 2.0
"""How long the answers may take after the last frame was sent."""


class TimedReading(NamedTuple):
    """A reading, and how long it took."""

    reading: emotion_pb2.Reading
    latency_ms: float
    """From frame sent to reading received."""


class _Sent(NamedTuple):
    numbered: Numbered
    at_s: float


class Leg:
    """Sends from the outbox between `start` and `leave` or `close`.

    Args:
        call: greeted.
        welcome: what the server granted.
    """

    def __init__(self, call: Call, welcome: emotion_pb2.Welcome, outbox: Outbox) -> None:
        self.welcome = welcome
        self.finished = False
        """Every frame there was has been answered."""
        self._call = call
        self._outbox = outbox
        self._sent: dict[int, _Sent] = {}
        self._free = asyncio.Semaphore(min(MAX_IN_FLIGHT, welcome.max_in_flight) or 1)
        self._writing = asyncio.Lock()
        self._sending: asyncio.Task[None] | None = None
        self._half_closed = False
        self._last_call: asyncio.TimerHandle | None = None

    @property
    def unanswered(self) -> list[Numbered]:
        """What was sent here and has no reading, in order."""
        return [sent.numbered for sent in self._sent.values()]

    def start(self) -> None:
        """Begin to send."""
        self._sending = asyncio.create_task(self._send())
        self._sending.add_done_callback(lambda _: None if self._half_closed else self._call.cancel())

    async def responses(self) -> AsyncGenerator[TimedReading | emotion_pb2.Reconnect]:
        """What the server says, to its end.

        Raises:
            ServerRefusedError, OverloadedError, UnavailableError: see `Call`.
        """
        while (response := await self._call.receive()) is not None:
            sent = self._sent.pop(response.reading.sequence, None)
            if response.HasField("reconnect"):
                yield response.reconnect
            elif sent is not None:
                self._free.release()
                yield TimedReading(response.reading, 1000 * (time.perf_counter() - sent.at_s))
        if not self._half_closed:
            raise self._call.lost("ended the stream")

    async def leave(self) -> None:
        """Send no more here; what was sent is still answered, for a short while."""
        # A write that is cancelled would end the call.
        async with self._writing:
            if self._sending:
                self._sending.cancel()
            await self._half_close()

    async def close(self) -> None:
        """End the call."""
        self._half_closed = True
        if self._last_call:
            self._last_call.cancel()
        if self._sending:
            self._sending.cancel()
            await asyncio.wait({self._sending})
        await self._call.close()
        if self._sending and not self._sending.cancelled():
            self._sending.result()

    async def _send(self) -> None:
        # When the call ends, the reader learns why; here it is only the end of the work.
        with suppress(ServerRefusedError, OverloadedError, UnavailableError, TimeoutError):
            await self._until_free()
            while numbered := await self._outbox.next(self.welcome.max_image_bytes):
                self._sent[numbered.sequence] = _Sent(numbered, time.perf_counter())
                async with self._writing:
                    await self._call.send(numbered.to_request())
                await self._until_free()
            while self._sent:
                await self._until_free()
            self.finished = True
            await self._half_close()

    async def _until_free(self) -> None:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await self._free.acquire()

    async def _half_close(self) -> None:
        self._half_closed = True
        self._last_call = asyncio.get_running_loop().call_later(LAST_ANSWERS_S, self._call.cancel)
        with suppress(ServerRefusedError, OverloadedError, UnavailableError):
            await self._call.half_close()
