"""Hears moods on Redis and asks for fresh lists."""

from collections import OrderedDict
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import MOODS_CHANNEL, EventReason, MoodEvent, claim_key
from contracts.mood import MoodState
from servicekit.pubsub import subscribe
from servicekit.tracing import span
from services.recommender.metrics import RecommenderMetrics
from services.recommender.publisher import Publisher

CLAIM_TTL_S: Final = 60
MAX_REMEMBERED: Final = 10_000
"""People; of one who is forgotten a heartbeat is answered once more."""
MAX_SESSIONS: Final = 8
"""Remembered of a person."""

_log = structlog.get_logger(__name__)


class MoodListener:
    """Answers every change of mood, and a heartbeat that tells of one it has missed, or whose list was not published.

    Each session of a person has a mood of its own. However many recommenders listen, each event is answered by the one
    that claims it first.
    """

    def __init__(self, redis: Redis, publisher: Publisher, metrics: RecommenderMetrics) -> None:
        self._redis = redis
        self._publisher = publisher
        self._moods = metrics.moods
        self._heard: OrderedDict[str, dict[str, MoodState]] = OrderedDict()
        """The last state of each session, by person."""
        publisher.on_missed = self._forget

    async def run(self) -> None:
        """Listen for ever, reconnecting as needed."""
        async for event in subscribe(self._redis, MOODS_CHANNEL, MoodEvent):
            if event.reason is EventReason.CHANGE or self._is_news(event):
                with span("mood", parent=event.traceparent):
                    self._moods.labels(await self._answer(event)).inc()
            else:
                self._moods.labels("repeated").inc()

    def _is_news(self, event: MoodEvent) -> bool:
        return self._heard.get(event.user_id, {}).get(event.session_id) is not event.mood.state

    async def _answer(self, event: MoodEvent) -> str:
        self._remember(event)
        try:
            is_ours = await self._redis.set(claim_key(event.event_id), "1", nx=True, ex=CLAIM_TTL_S)
        except (RedisError, OSError) as error:
            self._forget(event.user_id)
            _log.warning("a mood could not be claimed: its next heartbeat will be", reason=str(error))
            return "unclaimed"
        if not is_ours:
            return "claimed_elsewhere"
        self._publisher.ask(event.user_id, event.mood)
        return "answered"

    def _remember(self, event: MoodEvent) -> None:
        sessions = self._heard.setdefault(event.user_id, {})
        sessions[event.session_id] = event.mood.state
        if len(sessions) > MAX_SESSIONS:
            del sessions[next(iter(sessions))]
        self._heard.move_to_end(event.user_id)
        if len(self._heard) > MAX_REMEMBERED:
            self._heard.popitem(last=False)

    def _forget(self, user_id: str) -> None:
        self._heard.pop(user_id, None)
