"""Clients that send on time, whatever the server does, so that a slow server shows in the figures."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

import grpc

from benchmarks.pictures import Clips, width_for
from contracts.mood import to_timestamp
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc

GREETING_TIMEOUT_S: Final = 10.0
LAST_ANSWERS_S: Final = 2.0
"""How long the answers to the last frames are waited for."""
PROCESSED: Final = frozenset({emotion_pb2.READING_STATUS_OK, emotion_pb2.READING_STATUS_NO_FACE})
"""A frame was looked at and, where it had faces, the model read them."""

CHANNEL_OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
"""Each client has a connection of its own, as clients have."""

Call = grpc.aio.StreamStreamCall[emotion_pb2.StreamFramesRequest, emotion_pb2.StreamFramesResponse]


class Load(NamedTuple):
    """What a run asks of the server."""

    clients: int
    fps: float
    """Of each client."""
    seconds: float
    warm_up_s: float = 3.0
    """Sent the same way before, and not counted."""


class Span(NamedTuple):
    """Moments of the performance counter: frames due from `start` on are sent, those from `counted` on are counted."""

    start_s: float
    counted_s: float
    end_s: float

    @classmethod
    def from_now(cls, load: Load) -> "Span":
        """A run that begins now."""
        counted_s = time.perf_counter() + load.warm_up_s
        return cls(counted_s - load.warm_up_s, counted_s, counted_s + load.seconds)

    @property
    def remaining_s(self) -> float:
        """Until its end."""
        return max(0.0, self.end_s - time.perf_counter())


@dataclass
class Answers:
    """What came of the frames that were due while it was counted."""

    offered: int = 0
    """Frames that were due, sent or not."""
    latencies_ms: list[float] = field(default_factory=list)
    """From frame sent to reading received, of each processed frame."""
    answered_at_s: list[float] = field(default_factory=list)
    """When each of these readings was received, since the counting began."""
    statuses: Counter[str] = field(default_factory=Counter)
    """How many readings had which status."""
    refused: int = 0
    """Clients that the server would not take, or whose stream it ended."""

    @property
    def processed(self) -> int:
        """How many frames were processed."""
        return len(self.latencies_ms)


class _Sent(NamedTuple):
    due_s: float
    sent_s: float


class _Client:
    def __init__(self, address: str, user_id: str, clips: Clips, first: int, answers: Answers) -> None:
        self._address = address
        self._user_id = user_id
        self._clips = clips
        self._first = first
        self._answers = answers
        self._width = width_for(0)
        self._sent: dict[int, _Sent] = {}
        self._call: Call | None = None

    async def connect(self, stack: AsyncExitStack) -> None:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(self._address, options=CHANNEL_OPTIONS))
        call = emotion_pb2_grpc.EmotionServiceStub(channel).StreamFrames()
        try:
            async with asyncio.timeout(GREETING_TIMEOUT_S):
                hello = emotion_pb2.Hello(user_id=self._user_id)
                await call.write(emotion_pb2.StreamFramesRequest(hello=hello))
                response = await call.read()
                if isinstance(response, emotion_pb2.StreamFramesResponse):
                    self._call = call
                    self._note(response.welcome.pace)
        except (grpc.RpcError, TimeoutError, asyncio.InvalidStateError):
            call.cancel()

    async def stream(self, span: Span, delay_s: float, interval_s: float) -> None:
        count = int((span.end_s - span.start_s) / interval_s)
        due_s = [span.start_s + delay_s + index * interval_s for index in range(count)]
        self._answers.offered += sum(due >= span.counted_s for due in due_s)
        if self._call is None:
            self._answers.refused += 1
            return
        receiving = asyncio.create_task(self._receive(self._call, span.counted_s))
        try:
            await self._send(self._call, due_s, interval_s)
            async with asyncio.timeout(span.remaining_s + LAST_ANSWERS_S):
                await receiving
        except (grpc.RpcError, asyncio.InvalidStateError):
            self._answers.refused += 1
        except TimeoutError:
            pass
        finally:
            receiving.cancel()
            self._call.cancel()

    async def _send(self, call: Call, due_s: Sequence[float], interval_s: float) -> None:
        for index, due in enumerate(due_s):
            await asyncio.sleep(due - time.perf_counter())
            if time.perf_counter() - due > interval_s:
                # The server did not take the frames before, and this one's time is over.
                continue
            frames = self._clips[self._width]
            picture = frames[(self._first + index) % len(frames)]
            frame = emotion_pb2.Frame(sequence=index + 1, captured_at=to_timestamp(datetime.now(UTC)), image=picture)
            self._sent[index + 1] = _Sent(due, time.perf_counter())
            await call.write(emotion_pb2.StreamFramesRequest(frame=frame))
        await call.done_writing()

    async def _receive(self, call: Call, counted_s: float) -> None:
        while isinstance(response := await call.read(), emotion_pb2.StreamFramesResponse):
            at_s = time.perf_counter()
            if response.reading.HasField("pace"):
                self._note(response.reading.pace)
            sent = self._sent.pop(response.reading.sequence, None)
            if sent is None or sent.due_s < counted_s:
                continue
            status = response.reading.status
            self._answers.statuses[emotion_pb2.ReadingStatus.Name(status)] += 1
            if status in PROCESSED:
                self._answers.latencies_ms.append(1000 * (at_s - sent.sent_s))
                self._answers.answered_at_s.append(at_s - counted_s)

    def _note(self, pace: emotion_pb2.Pace) -> None:
        """Send pictures of the size that the server asks for, as a capture client does; the rate is the load's."""
        self._width = width_for(pace.useful_width_px)


class Clients:
    """Connected clients, each at one of the addresses in turn.

    Args:
        clips: what each shows, from a place of its own on.
    """

    def __init__(self, load: Load, addresses: Sequence[str], clips: Clips) -> None:
        self.answers = Answers()
        self._interval_s = 1 / load.fps
        self._delay_s = self._interval_s / load.clients
        self._clients: list[_Client] = []
        for index in range(load.clients):
            first = index * len(clips[width_for(0)]) // load.clients
            address = addresses[index % len(addresses)]
            self._clients.append(_Client(address, f"load-{index}", clips, first, self.answers))

    async def connect(self, stack: AsyncExitStack) -> None:
        """Greet the server with each, and hang up with `stack`."""
        await asyncio.gather(*(client.connect(stack) for client in self._clients))

    async def stream(self, span: Span) -> None:
        """Send for the whole of `span`; the clients' frames are spread evenly over each interval."""
        await asyncio.gather(
            *(
                client.stream(span, index * self._delay_s, self._interval_s)
                for index, client in enumerate(self._clients)
            )
        )
