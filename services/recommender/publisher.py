"""Publishes fresh picks of every kind to whoever watches the live channel."""

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import RECOMMENDATIONS_CHANNEL, RecommendationsEvent
from contracts.mood import Mood
from contracts.recommendation import Goal
from servicekit.database import Offloader
from servicekit.errors import EmoVerseError
from services.recommender.moods import MoodReader
from services.recommender.recommender import Recommender, Request

WORKERS: Final = 2

_log = structlog.get_logger(__name__)


class Publisher:
    """Ranks for people who wait for a fresh list, one list at most for each, and publishes it.

    Whoever asks again before their turn is served once, with what is newest then. Beyond `max_waiting` people the one
    who has waited longest is dropped: the next heartbeat or the next call brings their list.
    """

    def __init__(
        self, recommender: Recommender, offload: Offloader, redis: Redis, *, count: int, max_waiting: int
    ) -> None:
        self._recommender = recommender
        self._offload = offload
        self._redis = redis
        self._moods = MoodReader(redis)
        self._count = count
        self._max_waiting = max_waiting
        self._waiting: OrderedDict[str, Mood | None] = OrderedDict()
        self._somebody_waits = asyncio.Event()

    def ask(self, user_id: str, mood: Mood | None = None) -> None:
        """Publish a fresh list for a person soon; returns at once.

        Args:
            mood: what to rank for; None: their latest mood at the time.
        """
        self._waiting[user_id] = mood or self._waiting.get(user_id)
        if len(self._waiting) > self._max_waiting:
            dropped, _ = self._waiting.popitem(last=False)
            _log.warning("too many people wait for a fresh list: dropped one", user_id=dropped)
        self._somebody_waits.set()

    async def run(self) -> None:
        """Serve those who wait, for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            await self._somebody_waits.wait()
            if not self._waiting:
                self._somebody_waits.clear()
                continue
            user_id, mood = self._waiting.popitem(last=False)
            try:
                await self._publish(user_id, mood)
            except (EmoVerseError, RedisError, OSError) as error:
                _log.warning("a fresh list could not be published", user_id=user_id, reason=str(error))

    async def _publish(self, user_id: str, mood: Mood | None) -> None:
        seen = await self._moods.seen(user_id)
        mood = mood or seen.mood
        request = Request(
            user_id=user_id,
            count=self._count,
            mood=mood,
            goal=Goal.JOURNEY if seen.is_travelling else None,
            destination=seen.destination,
            version=seen.version,
        )
        lists = await self._offload(self._recommender.recommend_all, request)
        event = RecommendationsEvent(
            event_id=uuid4().hex,
            user_id=user_id,
            mood=lists.mood,
            goal=lists.goal,
            picks=lists.picks,
            at=datetime.now(UTC),
        )
        await self._redis.publish(RECOMMENDATIONS_CHANNEL, event.model_dump_json())
