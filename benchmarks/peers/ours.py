"""Our pipeline, from outside: a capture client streams to the emotion service, which asks the model server."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np

from benchmarks.peers.frames import Frame
from benchmarks.peers.results import Pass
from benchmarks.processes import CLIENTS, costs
from benchmarks.targets import Target
from contracts.emotion import EMOTIONS, Emotion
from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.frames import Frame as SentFrame
from servicekit.emotion_client.stream import EmotionStream

PROCESSES: Final = (CLIENTS, "emotion", "model-server", "redis-server")
"""Those that take part in reading a frame; the rest of the stack recommends."""
WARM_UP: Final = 5


async def run(frames: Sequence[Frame], target: Target, streams: int) -> Pass:
    """Read the frames, in so many streams that each send as fast as they are answered."""
    cuts = [index * len(frames) // streams for index in range(streams + 1)]
    shares = [frames[start:end] for start, end in pairwise(cuts)]
    await _read(frames[:WARM_UP], target.addresses[0], "warm-up")
    before, began_s = costs(target.processes), time.perf_counter()
    emotions = await asyncio.gather(
        *(_read(share, target.addresses[0], f"peer-{index}") for index, share in enumerate(shares))
    )
    wall_s, after = time.perf_counter() - began_s, costs(target.processes)
    cpu_s = sum(after[name].cpu_s - before[name].cpu_s for name in PROCESSES if name in before)
    return Pass(wall_s=wall_s, cpu_s=cpu_s, emotions=[emotion for share in emotions for emotion in share])


async def _read(frames: Sequence[Frame], address: str, user_id: str) -> list[Emotion | None]:
    stream = EmotionStream(Endpoint(address), user_id, keep_every_frame=True)
    async with aclosing(stream.readings(_sent(frames))) as readings:
        return [_likeliest(timed.reading) async for timed in readings]


async def _sent(frames: Sequence[Frame]) -> AsyncGenerator[SentFrame]:
    for frame in frames:
        yield SentFrame(frame.jpeg, datetime.now(UTC))


def _likeliest(reading: emotion_pb2.Reading) -> Emotion | None:
    probabilities = reading.faces[0].probabilities if reading.faces else ()
    return EMOTIONS[int(np.argmax(probabilities))] if probabilities else None
