"""Publishes fresh picks of every kind to whoever watches the live channel."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import RECOMMENDATIONS_CHANNEL, RecommendationsEvent
from contracts.mood import Mood
from contracts.recommendation import Goal
from servicekit.database import Offloader
from servicekit.errors import EmoVerseError
from servicekit.tracing import span, traceparent
from services.recommender.lists import Request
from services.recommender.metrics import RecommenderMetrics
from services.recommender.moods import MoodReader
from services.recommender.recommender import Recommender

WORKERS: Final = 2

_log = structlog.get_logger(__name__)


class _Asked(NamedTuple):
    mood: Mood | None
    parent: str | None
    """The traceparent of what asked."""
    at_s: float


class Publisher:
    """Ranks for people who wait for a fresh list, one list at most for each, and publishes it.

    Whoever asks again before their turn is served once, with what is newest then. Beyond `max_waiting` people the one
    who has waited longest is dropped: the next heartbeat or the next call brings their list.
    """

    def __init__(
        self,
        recommender: Recommender,
        offload: Offloader,
        redis: Redis,
        metrics: RecommenderMetrics,
        *,
        count: int,
        max_waiting: int,
    ) -> None:
        self._recommender = recommender
        self._metrics = metrics
        self._offload = offload
        self._redis = redis
        self._moods = MoodReader(redis)
        self._count = count
        self._max_waiting = max_waiting
        self._waiting: OrderedDict[str, _Asked] = OrderedDict()
        self._somebody_waits = asyncio.Event()
        self.on_missed: Callable[[str], object] = lambda user_id: None

    @property
    def waiting(self) -> int:
        """People who wait."""
        return len(self._waiting)

    def ask(self, user_id: str, mood: Mood | None = None) -> None:
        """Publish a fresh list for a person soon; returns at once.

        Args:
            mood: what to rank for; None: their latest mood at the time.
        """
        before = self._waiting.get(user_id) or _Asked(None, None, time.perf_counter())
        self._waiting[user_id] = _Asked(mood or before.mood, traceparent(), before.at_s)
        if len(self._waiting) > self._max_waiting:
            dropped, _ = self._waiting.popitem(last=False)
            _log.warning("too many people wait for a fresh list: dropped one", user_id=dropped)
            self._miss(dropped, "dropped")
        self._somebody_waits.set()

    def workers(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What serves those who wait, for ever, each by itself."""
        # Not in a TaskGroup, which cancels its children once: one that publishes may lose that (see in_background).
        return (self._serve() for _ in range(WORKERS))

    async def _serve(self) -> None:
        while True:
            await self._somebody_waits.wait()
            if not self._waiting:
                self._somebody_waits.clear()
                continue
            user_id, asked = self._waiting.popitem(last=False)
            with span("list", parent=asked.parent):
                await self._try_to_publish(user_id, asked)

    async def _try_to_publish(self, user_id: str, asked: _Asked) -> None:
        try:
            await self._publish(user_id, asked.mood)
        except (EmoVerseError, RedisError, OSError) as error:
            _log.warning("a fresh list could not be published", user_id=user_id, reason=str(error))
            self._miss(user_id, "failed")
        except Exception:  # noqa: BLE001  (one odd person must not end everybody's fresh lists)
            _log.exception("a fresh list failed unexpectedly", user_id=user_id)
            self._miss(user_id, "failed")
        else:
            self._metrics.lists.labels("published").inc()
            self._metrics.list_s.observe(time.perf_counter() - asked.at_s)

    def _miss(self, user_id: str, outcome: str) -> None:
        self._metrics.lists.labels(outcome).inc()
        self.on_missed(user_id)

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
        with span("rank"), self._metrics.rank_s.time():
            lists = await self._offload(self._recommender.recommend_all, request)
        event = RecommendationsEvent(
            event_id=uuid4().hex,
            user_id=user_id,
            mood=lists.mood,
            goal=lists.goal,
            picks=lists.picks,
            at=datetime.now(UTC),
            traceparent=traceparent(),
        )
        await self._redis.publish(RECOMMENDATIONS_CHANNEL, event.model_dump_json())
