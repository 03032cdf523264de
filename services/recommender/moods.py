"""What Redis knows of a person: their latest mood, whether they told anything new, and the journey they are on."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, NamedTuple
from uuid import uuid4

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import MoodEvent, journey_key, mood_key, person_key
from contracts.mood import Mood
from contracts.recommendation import Goal

READ_TIMEOUT_S: Final = 0.5
"""A list without a mood is better than none: nobody waits longer for Redis."""
VERSION_TTL_S: Final = 600
"""Longer than any recommender remembers a person without looking."""
JOURNEY_TTL_S: Final = 3600

_log = structlog.get_logger(__name__)


class Seen(NamedTuple):
    """What Redis said."""

    mood: Mood | None = None
    version: str | None = None
    """Of what the person has told; None: nobody can say."""
    is_travelling: bool = False
    destination: Goal | None = None
    """Of the journey, where the person chose one."""


class MoodReader:
    """Reads and notes; a Redis that is away means that nothing is known."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def latest(self, user_id: str) -> Mood | None:
        """The person's mood, None where it is unknown or outdated."""
        return (await self.seen(user_id)).mood

    async def seen(self, user_id: str) -> Seen:
        """All that is known of a person."""
        keys = (mood_key(user_id), person_key(user_id), journey_key(user_id))
        answer = await self._asked(self._redis.mget(keys), "ranking without a mood: Redis does not answer")
        if answer is None:
            return Seen()
        mood, version, journey = answer
        destination = Goal(journey) if journey in set(Goal) else None
        return Seen(_parsed(mood), version or "", journey is not None, destination)

    async def note_change(self, user_id: str) -> None:
        """Tell every recommender that the person has told something; a Redis that is away costs them a minute."""
        noted = self._redis.set(person_key(user_id), uuid4().hex, ex=VERSION_TTL_S)
        await self._asked(noted, "other recommenders learn of this feedback late: Redis does not answer")

    async def note_journey(self, user_id: str, destination: Goal | None) -> None:
        """Remember the journey, so that it is planned anew when the mood changes."""
        noted = self._redis.set(journey_key(user_id), destination or "", ex=JOURNEY_TTL_S)
        await self._asked(noted, "this journey will not be planned anew: Redis does not answer")

    async def end_journey(self, user_id: str) -> None:
        """Forget the journey."""
        await self._asked(self._redis.delete(journey_key(user_id)), "a journey goes on: Redis does not answer")

    async def _asked(self, call: Awaitable[Any], otherwise: str) -> Any:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await call
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning(otherwise, reason=str(error))
            return None


def _parsed(data: str | None) -> Mood | None:
    try:
        return None if data is None else MoodEvent.model_validate_json(data).mood
    except ValidationError as error:
        _log.warning("ranking without a mood: the stored one is malformed", problems=error.error_count())
        return None
