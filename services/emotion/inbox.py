"""The frames of one stream that wait to be read: newest wins, yet each is answered, in order."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from google.protobuf.timestamp_pb2 import Timestamp

from servicekit.errors import EmoVerseError
from services.emotion.crops import SentCrop

MAX_UNANSWERED: Final = 256
"""Dropped frames are small, but a client that does not read its readings must not pile them up."""


@dataclass
class Frame:
    """A picture as it came, or the faces in it."""

    sequence: int
    captured_at: Timestamp
    """The client's clock: echoed, never trusted."""
    image: bytes
    received_s: float
    """Of the performance counter."""
    crops: Sequence[SentCrop] | None = None
    """Instead of the picture."""
    dropped: bool = False
    lag_s: float = 0.0
    """See `LagMeter`."""

    def drop(self) -> None:
        """Give up reading it, and its memory."""
        self.dropped, self.image, self.crops = True, b"", None


class FrameInbox:
    """One producer puts frames in, one consumer iterates over them and answers each before it asks for the next.

    Args:
        max_in_flight: frames to be read, the one being read included; beyond them the oldest waiting one is dropped.
    """

    def __init__(self, max_in_flight: int) -> None:
        self._max_in_flight = max_in_flight
        self._frames: deque[Frame] = deque()
        self._reading = False
        self._end: EmoVerseError | StopAsyncIteration | None = None
        self._changed = asyncio.Condition()

    async def put(self, frame: Frame) -> None:
        """Add the newest frame. Waits while `MAX_UNANSWERED` are in here; after the end it is not taken in any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._frames) < MAX_UNANSWERED or self._end)
            if self._end:
                return
            self._frames.append(frame)
            waiting = [frame for frame in self._frames if not frame.dropped]
            # The newest one always has a place, even where only one may be in flight and that is being read.
            places = max(1, self._max_in_flight - self._reading)
            for late in waiting[:-places]:
                late.drop()
            self._changed.notify_all()

    def answered(self) -> None:
        """Give up the place of the frame last taken out: before its answer is sent, so that the client, who then sends
        the next one, never has more in flight than it knows of."""
        self._reading = False

    async def close(self, error: EmoVerseError | None = None) -> None:
        """End the iteration after the frames that are in here, with `error` if there is one. The first end counts."""
        async with self._changed:
            self._end = self._end or error or StopAsyncIteration()
            self._changed.notify_all()

    def __aiter__(self) -> Self:
        """Iterate once."""
        return self

    async def __anext__(self) -> Frame:
        """The next frame, in the order they came."""
        self.answered()
        async with self._changed:
            await self._changed.wait_for(lambda: self._frames or self._end)
            if not self._frames:
                raise self._end or StopAsyncIteration
            frame = self._frames.popleft()
            self._reading = not frame.dropped
            self._changed.notify_all()
            return frame
