"""Moods on Redis: on the channel for whoever listens, and under a key for whoever comes later."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import stamina
import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import MOODS_CHANNEL, EventReason, MoodEvent, mood_key
from servicekit.background import in_background

LATEST_TIMEOUT_S: Final = 0.5
"""How long a stream may wait for the mood its person had before."""
FLUSH_TIMEOUT_S: Final = 1.0
"""How long the last moods may take to get out when the service stops."""
MAX_PENDING: Final = 10_000
"""People whose mood can wait for Redis; beyond them, the one that waited longest is given up."""
MAX_RETRY_WAIT_S: Final = 2.0

_log = structlog.get_logger(__name__)


class MoodPublisher:
    """While Redis is away the newest mood of each person waits, and is published when it is back.

    Args:
        ttl_s: how long the latest mood is kept.
    """

    def __init__(self, redis: Redis, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._pending: dict[str, MoodEvent] = {}
        self._offered = asyncio.Event()

    @property
    def waiting(self) -> int:
        """People whose mood is not published yet."""
        return len(self._pending)

    async def latest(self, user_id: str) -> MoodEvent | None:
        """The last event published for a person; None if there is none, or Redis does not say within half a second."""
        if user_id in self._pending:
            return self._pending[user_id]
        try:
            async with asyncio.timeout(LATEST_TIMEOUT_S):
                kept = await self._redis.get(mood_key(user_id))
            return MoodEvent.model_validate_json(kept) if kept else None
        except (RedisError, OSError, TimeoutError, ValidationError) as error:
            _log.warning("a person's last mood could not be read", problem=type(error).__name__)
            return None

    def offer(self, event: MoodEvent) -> None:
        """Publish soon, in place of whatever of the same person still waits. Never waits, never raises."""
        superseded = self._pending.pop(event.user_id, None)
        if superseded is not None and superseded.reason is EventReason.CHANGE:
            # The change has not been told yet, so this event tells it.
            event = event.model_copy(update={"reason": EventReason.CHANGE})
        elif len(self._pending) >= MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[event.user_id] = event
        self._offered.set()

    def forget(self, user_id: str) -> None:
        """Do not publish what still waits of this person."""
        self._pending.pop(user_id, None)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Publish while open; at the end, what still waits gets one more chance."""
        async with in_background(self._run()):
            yield
        await self._flush_last()

    async def _flush_last(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self._flush()
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("moods were not published", people=self.waiting, problem=type(error).__name__)

    async def _run(self) -> None:
        while True:
            await self._offered.wait()
            self._offered.clear()
            async for attempt in stamina.retry_context(
                on=(RedisError, OSError), attempts=None, timeout=None, wait_initial=0.1, wait_max=MAX_RETRY_WAIT_S
            ):
                with attempt:
                    await self._flush()

    async def _flush(self) -> None:
        events = list(self._pending.values())
        if not events:
            return
        async with self._redis.pipeline() as pipeline:
            for event in events:
                body = event.model_dump_json()
                pipeline.set(mood_key(event.user_id), body, ex=self._ttl_s)
                pipeline.publish(MOODS_CHANNEL, body)
            await pipeline.execute()
        for event in events:
            if self._pending.get(event.user_id) is event:
                del self._pending[event.user_id]
