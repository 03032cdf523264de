"""How much there is to do, and who does it, from Redis."""

from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import EMOTION_WORKER_SILENT_S, EMOTION_WORKERS_KEY, MOODS_CHANNEL
from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from servicekit.pubsub import unavailable

QUEUES: Final = (LIGHT_QUEUE, HEAVY_QUEUE)


class EmotionWorker(BaseModel):
    """A worker that reads emotions from pictures."""

    streams: Annotated[int, Field(description="That it has now")]
    model_version: Annotated[int | None, Field(description="That it reads with; null: its model is away")]


class Loads(NamedTuple):
    """How much there is to do."""

    listening_to_moods: int
    emotion_workers: list[EmotionWorker]
    """The one with most streams first."""
    queues: dict[str, int]
    """Tasks that wait for a worker, by queue."""


async def loads(redis: Redis) -> Loads:
    """As Redis knows it.

    Raises:
        UnavailableError: Redis does not answer.
    """
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.pubsub_numsub(MOODS_CHANNEL)
            pipe.time()
            pipe.hvals(EMOTION_WORKERS_KEY)
            for queue in QUEUES:
                pipe.llen(queue)
            ((_, listening),), (now_s, _), told, *waiting = await pipe.execute()
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    return Loads(listening, _workers(told, now_s), dict(zip(QUEUES, waiting, strict=True)))


def _workers(told: list[str], now_s: int) -> list[EmotionWorker]:
    """Those that were heard of lately."""
    # One of an older version says nothing about its model.
    said = [[int(number) for number in f"{each}:0".split(":")] for each in told]
    workers = [
        EmotionWorker(streams=streams, model_version=version or None)
        for streams, at_s, version, *_ in said
        if now_s - at_s <= EMOTION_WORKER_SILENT_S
    ]
    return sorted(workers, key=lambda worker: -worker.streams)
