"""Moves long streams when workers are added: each worker compares its streams with the others' through Redis."""

import asyncio
import math
from typing import Any, Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.emotion.sessions import Sessions

LOOK_EVERY_S: Final = 5.0
SILENT_S: Final = 3 * LOOK_EVERY_S
"""A worker that has not been heard of for as long does not count."""
CALL_TIMEOUT_S: Final = 1.0
WORKERS_KEY: Final = "emoverse:v1:emotion-workers"
TOLERANCE: Final = 0.1
"""The share above the mean that is left alone, and at least one stream: moving streams costs them a moment."""
SHARE_AT_ONCE: Final = 0.25
"""Of the surplus: whoever is moved may be sent back here by a load balancer that does not look at loads."""

# ARGV: worker, streams, seconds until one counts as silent. Gives the workers and the streams of all.
_TELL: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. now)
redis.call('EXPIRE', KEYS[1], 10 * ARGV[3])
local workers, total, told = 0, 0, redis.call('HGETALL', KEYS[1])
for i = 1, #told, 2 do
  local streams, at = string.match(told[i + 1], '(%d+):(%d+)')
  if now - at > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], told[i])
  else workers, total = workers + 1, total + streams end
end
return {workers, total}
"""

_log = structlog.get_logger(__name__)


def surplus(streams: int, workers: int, total: int) -> int:
    """How many streams to move away now.

    Args:
        streams: of this worker.
        workers: that share `total` streams, this one included.
    """
    mean = math.ceil(total / max(1, workers))
    above = streams - mean
    return math.ceil(above * SHARE_AT_ONCE) if above > max(1, TOLERANCE * mean) else 0


class Balance:
    """Between this worker and those at the same Redis."""

    def __init__(self, redis: Redis, sessions: Sessions) -> None:
        self._redis = redis
        self._sessions = sessions
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
                told = await self._tell([WORKERS_KEY], [self._worker, streams, round(SILENT_S)])
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
                await self._redis.hdel(WORKERS_KEY, self._worker)  # pyright: ignore[reportGeneralTypeIssues]
        except (RedisError, OSError, TimeoutError) as error:
            _log.debug("the others were not told", problem=type(error).__name__)
