"""Moves long streams when workers are added: each worker compares its streams with the others' through Redis."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import EMOTION_WORKER_SILENT_S, EMOTION_WORKERS_KEY
from services.emotion.sessions import Sessions

LOOK_EVERY_S: Final = EMOTION_WORKER_SILENT_S / 3
CALL_TIMEOUT_S: Final = 1.0
TOLERANCE: Final = 0.1
"""The share above the mean that is left alone, and at least one stream: moving streams costs them a moment."""
SHARE_AT_ONCE: Final = 0.25
"""Of the surplus: whoever is moved may be sent back here by a load balancer that does not look at loads."""

# ARGV: worker, streams, seconds until one counts as silent, the model's version, how many more streams it would take.
# Gives the workers, their streams, and what the others would take.
_TELL: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. now .. ':' .. ARGV[4] .. ':' .. ARGV[5])
redis.call('EXPIRE', KEYS[1], 10 * ARGV[3])
local workers, total, room, told = 0, 0, 0, redis.call('HGETALL', KEYS[1])
for i = 1, #told, 2 do
  local streams, at, free = string.match(told[i + 1], '(%d+):(%d+):?%d*:?(%d*)')
  if now - at > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], told[i])
  else
    workers, total = workers + 1, total + streams
    -- One of an older version does not say.
    if told[i] ~= ARGV[1] then room = room + (tonumber(free) or 0) end
  end
end
return {workers, total, room}
"""

_log = structlog.get_logger(__name__)


def surplus(streams: int, workers: int, total: int, room: int) -> int:
    """How many streams to move away now.

    Args:
        streams: of this worker.
        workers: that share `total` streams, this one included.
        room: how many more the others would take.
    """
    mean = math.ceil(total / max(1, workers))
    above = streams - mean
    return min(room, math.ceil(above * SHARE_AT_ONCE)) if above > max(1, TOLERANCE * mean) else 0


class Balance:
    """Between this worker and those at the same Redis.

    Args:
        version: of the model that this worker's readings come from; 0 where there is none.
    """

    def __init__(self, redis: Redis, sessions: Sessions, version: Callable[[], int]) -> None:
        self._redis = redis
        self._sessions = sessions
        self._version = version
        self._worker = uuid4().hex
        self._tell: Any = redis.register_script(_TELL)  # typed as the blocking one

    async def watch(self) -> None:
        """Send streams away while there are too many here, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Once. While Redis is away every stream stays where it is."""
        streams = len(self._sessions.staying)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                silent_s, room = round(EMOTION_WORKER_SILENT_S), self._sessions.room
                arguments = [self._worker, streams, silent_s, self._version(), room]
                told = await self._tell([EMOTION_WORKERS_KEY], arguments)
        except (RedisError, OSError, TimeoutError) as error:
            _log.debug("loads are not compared", problem=type(error).__name__)
            return
        if moved := surplus(streams, *told):
            _log.info("sending streams to other workers", streams=moved)
            self._sessions.send_away(moved)

    async def leave(self) -> None:
        """Count no more."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await self._redis.hdel(EMOTION_WORKERS_KEY, self._worker)  # pyright: ignore[reportGeneralTypeIssues]
        except (RedisError, OSError, TimeoutError) as error:
            _log.debug("the others were not told", problem=type(error).__name__)
