"""Frames, and where they wait to be sent."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from contracts.mood import to_timestamp
from contracts.pb.emoverse.v1 import emotion_pb2, mood_pb2

_log = structlog.get_logger(__name__)


class FaceCrop(NamedTuple):
    """A face that was found before the frame was sent."""

    x: int
    """Left, in pixels of the picture; the others likewise."""
    y: int
    width: int
    height: int
    pixels: bytes
    """48 x 48 grey, row by row: what the box holds, scaled down."""


class Frame(NamedTuple):
    """A picture on its way to the server, or the faces in it."""

    image: bytes
    """JPEG or PNG; empty where `crops` are sent."""
    captured_at: datetime
    """With a time zone."""
    crops: Sequence[FaceCrop] | None = None
    """Instead of the picture; an empty one is a frame without a face."""


class Numbered(NamedTuple):
    """A frame and its place in the stream."""

    sequence: int
    frame: Frame

    def to_request(self) -> emotion_pb2.StreamFramesRequest:
        """The frame on the wire."""
        image, captured_at, crops = self.frame
        message = emotion_pb2.Frame(sequence=self.sequence, captured_at=to_timestamp(captured_at))
        if crops is None:
            message.image = image
        else:
            message.crops.faces.extend(_to_proto(crop) for crop in crops)
            message.crops.SetInParent()
        return emotion_pb2.StreamFramesRequest(frame=message)

    def to_dropped(self) -> emotion_pb2.Reading:
        """The reading of a frame that went with its connection."""
        return emotion_pb2.Reading(
            sequence=self.sequence,
            captured_at=to_timestamp(self.frame.captured_at),
            status=emotion_pb2.READING_STATUS_DROPPED,
            problem=mood_pb2.Problem(
                code="connection_lost", message="The connection was lost before the answer came.", advice="Go on."
            ),
        )


def _to_proto(crop: FaceCrop) -> emotion_pb2.FaceCrop:
    box = emotion_pb2.Box(x=crop.x, y=crop.y, width=crop.width, height=crop.height)
    return emotion_pb2.FaceCrop(box=box, pixels=crop.pixels)


class Outbox:
    """The frames that wait: one, the newest; or, where every frame counts, one and those that are to be sent again.

    Args:
        keep_every_frame: `put` waits for a place, and nothing is lost with a connection.
    """

    def __init__(self, keep_every_frame: bool) -> None:
        self.dropped = 0
        """Frames that were replaced by newer ones, or too large for the server."""
        self._keep_every_frame = keep_every_frame
        self._queue = asyncio.Queue[Numbered | None](maxsize=1)
        self._again = deque[Numbered]()
        self._sequence = 0
        self._ended = self._emptied = False

    def push(self, frame: Frame) -> None:
        """Add the newest frame, in place of one that still waits."""
        if self._ended:
            return
        if self._queue.full():
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(self._number(frame))

    async def put(self, frame: Frame) -> None:
        """Add a frame; waits for a place where every frame is kept."""
        if self._keep_every_frame:
            await self._queue.put(self._number(frame))
        else:
            self.push(frame)

    def _number(self, frame: Frame) -> Numbered:
        self._sequence += 1
        return Numbered(self._sequence, frame)

    async def end(self) -> None:
        """No frame will follow. The ones that wait are still sent."""
        self._ended = True
        await self._queue.put(None)

    async def next(self, max_image_bytes: int) -> Numbered | None:
        """The next frame to send; None: there will be no more. Those over the limit (0: none) are left out."""
        while True:
            numbered = self._again.popleft() if self._again else await self._new()
            if numbered is None or not 0 < max_image_bytes < len(numbered.frame.image):
                return numbered
            self.dropped += 1
            size = len(numbered.frame.image)
            _log.warning("skipped a picture that the server would not take", bytes=size, most=max_image_bytes)

    async def _new(self) -> Numbered | None:
        if self._emptied:
            return None
        numbered = await self._queue.get()
        self._emptied = numbered is None
        return numbered

    def take_back(self, unanswered: Sequence[Numbered]) -> Sequence[Numbered]:
        """Frames that were sent and will not be answered, in their order; returns those that are not sent again."""
        if not self._keep_every_frame:
            return unanswered
        self._again.extendleft(reversed(unanswered))
        return ()
