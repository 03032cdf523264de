"""The latest mood of a person, from Redis."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from contracts.events import MoodEvent, mood_key
from servicekit.errors import NotFoundError
from servicekit.pubsub import unavailable
from services.gateway.errors import IncompatibleAnswerError


async def latest_mood(redis: Redis, user_id: str) -> MoodEvent:
    """What was last published about a person.

    Raises:
        NotFoundError: nothing, or not lately.
        UnavailableError: Redis does not answer.
    """
    try:
        data = await _asked_twice(redis, partial(redis.get, mood_key(user_id)))
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    if data is None:
        raise NotFoundError(
            f"No mood of {user_id} is known: nobody has been seen under that name lately.",
            f"Start a capture client, e.g. python -m services.capture --source demo --user {user_id}",
            code="mood_unknown",
        )
    try:
        return MoodEvent.model_validate_json(data)
    except ValidationError as error:
        raise IncompatibleAnswerError("the emotion service", error) from error


async def check_redis(redis: Redis) -> None:
    """Return if Redis answers.

    Raises:
        UnavailableError: it does not.
    """
    try:
        await _asked_twice(redis, redis.ping)
    except (RedisError, OSError) as error:
        raise unavailable(error) from error


async def _asked_twice(redis: Redis, call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except RedisConnectionError:
        # A pooled connection may have been closed by a Redis that has since restarted: ask once more on a new one.
        await redis.connection_pool.disconnect(inuse_connections=False)
        return await call()
