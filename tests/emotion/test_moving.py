"""A capture client whose worker stops goes on with another one, and its person notices nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import pairwise

import grpc

from contracts.emotion import Emotion
from contracts.mood import MoodState
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.frames import Frame
from servicekit.emotion_client.stream import EmotionStream
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from tests.emotion.conftest import wait_for_health
from tests.emotion.support import DEADLINE_S, face_jpeg
from tests.emotion.test_streams import OK

FPS = 5
GRACE_S = 1.5
AFTER_S = 1.0


async def camera(ended: asyncio.Event) -> AsyncGenerator[Frame]:
    image = face_jpeg(Emotion.HAPPY)
    while not ended.is_set():
        yield Frame(image, datetime.now(UTC))
        await asyncio.sleep(1 / FPS)


async def test_nobody_loses_a_second_or_a_frame_when_a_worker_stops(redis_url: str, tfserving_address: str):
    settings = EmotionSettings(
        port=0, redis_url=redis_url, tfserving_address=tfserving_address, reconnect_grace_s=GRACE_S
    )
    stopping, ended = AsyncExitStack(), asyncio.Event()
    times, sequences, states = list[float](), list[int](), list[MoodState | None]()
    async with open_service(settings) as other:
        one = await stopping.enter_async_context(open_service(settings))
        for port in (one, other):
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await wait_for_health(channel, serving=True)
        endpoint = Endpoint(f"ipv4:127.0.0.1:{one},127.0.0.1:{other}")
        stream = EmotionStream(endpoint, "ada", keep_every_frame=True)
        closing: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DEADLINE_S):
            async for timed in stream.readings(camera(ended)):
                assert timed.reading.status == OK
                times.append(loop.time())
                sequences.append(timed.reading.sequence)
                states.append(MoodState.from_proto(timed.reading.mood.state))
                if states[-1] is MoodState.HAPPY and closing is None:
                    closing = asyncio.create_task(stopping.aclose())
                    loop.call_later(AFTER_S + GRACE_S, ended.set)
        assert closing
        await closing
    told = states.index(MoodState.HAPPY)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # A busy machine may be slow where nothing happens, too.
    assert max(gaps[told:]) < max(1.0, 3 * max(gaps[:told]))
    assert stream.dropped == 0
    assert sequences == list(range(1, len(sequences) + 1))
    assert set(states[told:]) == {MoodState.HAPPY}
