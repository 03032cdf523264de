"""The latest mood of a person, as the emotion service keeps it in Redis."""

import asyncio
from datetime import datetime
from typing import Final

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.emotion import CIRCUMPLEX, EMOTIONS, Emotion
from contracts.events import MoodEvent, mood_key
from contracts.mood import Mood, MoodState

READ_TIMEOUT_S: Final = 0.5
"""A list without a mood is better than none: nobody waits longer for Redis."""

_log = structlog.get_logger(__name__)


class MoodReader:
    """Reads moods; a Redis that is away means that the mood is unknown."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def latest(self, user_id: str) -> Mood | None:
        """The person's mood, None where it is unknown or outdated."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                data = await self._redis.get(mood_key(user_id))
            return None if data is None else MoodEvent.model_validate_json(data).mood
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("ranking without a mood: Redis does not answer", reason=str(error))
        except ValidationError as error:
            _log.warning("ranking without a mood: the stored one is malformed", problems=error.error_count())
        return None


def mood_for(state: MoodState, now: datetime) -> Mood:
    """The mood of somebody of whom only the state is known."""
    if state in (MoodState.UNCERTAIN, MoodState.ABSENT):
        return Mood(state=state, since=now)
    affect = CIRCUMPLEX[Emotion(state)]
    probabilities = [float(emotion is Emotion(state)) for emotion in EMOTIONS]
    return Mood(
        state=state,
        probabilities=probabilities,
        valence=affect.valence,
        arousal=affect.arousal,
        confidence=1.0,
        since=now,
    )
