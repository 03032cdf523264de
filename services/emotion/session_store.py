"""Sessions in Redis: whose each is, which stream has it, and what it knows, to go on with on another worker."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

import structlog
from pydantic import BaseModel, Field, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import face_key, session_key
from contracts.moment import Moment
from contracts.mood import MoodState
from services.emotion.mood import MoodMemory

CALL_TIMEOUT_S: Final = 0.5
"""How long a stream may wait for what its session knew before."""

# A session belongs to the user who named it first, and to the newest of their streams. ARGV: owner, stream, seconds to
# live, and what to keep; without that the stream claims the session, and gets what was kept and its TTL.
_HOLD: Final = """
local user, stream = unpack(redis.call('HMGET', KEYS[1], 'user', 'stream'))
if user and user ~= ARGV[1] then return {'foreign', '', 0} end
if ARGV[4] ~= '' and stream and stream ~= ARGV[2] then return {'taken', '', 0} end
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'stream', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if ARGV[4] == '' then
  return {user and 'resumed' or 'held', redis.call('GET', KEYS[2]) or '', redis.call('TTL', KEYS[2])}
end
redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[3])
return {'held', '', 0}
"""

_log = structlog.get_logger(__name__)


class FaceState(BaseModel):
    """What is known of a person's face."""

    memory: MoodMemory
    reported: MoodState | None = None
    """Published last."""
    at: Moment
    """By the clock of the worker that kept it."""
    age_s: float = Field(default=0.0, exclude=True)
    """When it was claimed, by Redis's clock: those of the workers may be minutes apart."""


class Hold(StrEnum):
    """Who has a session."""

    HELD = "held"
    """The stream that asked."""
    RESUMED = "resumed"
    """The stream that asked, after an earlier one."""
    TAKEN = "taken"
    """Another stream of the same user, newer than it."""
    FOREIGN = "foreign"
    """Another user."""
    UNKNOWN = "unknown"
    """Redis does not say."""


class Holder(NamedTuple):
    """A stream that has a session, or wants it."""

    session_id: str
    user_id: str
    stream_id: str


class SessionStore:
    """While Redis is away, nothing is claimed, kept or known, and nobody learns anything of anybody.

    Args:
        ttl_s: how long a session, and what is known of a face, outlive the last stream.
    """

    def __init__(self, redis: Redis, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._hold: Any = redis.register_script(_HOLD)  # typed as the blocking one
        self._lost = False

    async def claim(self, holder: Holder) -> tuple[Hold, FaceState | None]:
        """Give the session to this stream, unless it is somebody else's; and what is known of the person."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                hold, kept, lives_s = await self._hold(*self._arguments(holder))
            if not kept:
                return Hold(hold), None
            face = FaceState.model_validate_json(kept)
            return Hold(hold), face.model_copy(update={"age_s": self._ttl_s - lives_s})
        except ValidationError:
            return Hold.HELD, None
        except (RedisError, OSError, TimeoutError) as error:
            self._note(error)
            return Hold.UNKNOWN, None

    async def keep(self, states: Sequence[tuple[Holder, FaceState]]) -> list[Hold]:
        """Keep what each stream knows of its person, where it still has its session; and whether it has."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S), self._redis.pipeline(transaction=False) as pipeline:
                for holder, state in states:
                    await self._hold(*self._arguments(holder, state.model_dump_json()), client=pipeline)
                answers = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._note(error)
            return [Hold.UNKNOWN] * len(states)
        self._lost = False
        return [Hold(hold) for hold, *_ in answers]

    def _arguments(self, holder: Holder, state: str = "") -> tuple[list[str], list[str | int]]:
        keys = [session_key(holder.session_id), face_key(holder.user_id)]
        return keys, [_owner(holder), holder.stream_id, self._ttl_s, state]

    def _note(self, error: Exception) -> None:
        if not self._lost:
            _log.warning("sessions are not kept", problem=type(error).__name__)
        self._lost = True


def _owner(holder: Holder) -> str:
    # The key outlives the person's word that they want to be forgotten, so it does not say who they are.
    return sha256(f"{holder.session_id}:{holder.user_id}".encode()).hexdigest()
