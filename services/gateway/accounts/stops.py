"""Ends streams and tokens everywhere at once, through Redis."""

from collections.abc import Sequence
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import REVOKED_TOKENS_KEY, STOPS_CHANNEL, StopEvent, StopReason
from servicekit.pubsub import unavailable
from services.gateway.accounts.accounts import DEVICE_LIFE
from services.gateway.accounts.records import Revoked

_audit = structlog.get_logger("audit")


def audit(action: str, user_id: str) -> None:
    """One line for the record: who did what, and nothing of what it was about."""
    _audit.info(action, user_id=user_id)


class Stops:
    """Tells every service whose streams must end."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def stop(
        self, user_id: str, reason: StopReason, revoked: Sequence[Revoked] = (), token_id: str | None = None
    ) -> None:
        """End a person's streams, or those of one token, and have the tokens refused.

        Raises:
            UnavailableError: Redis does not answer. Tokens are refused as soon as it does; asking again stops streams.
        """
        await self.refuse(revoked)
        event = StopEvent(event_id=uuid4().hex, user_id=user_id, reason=reason, token_id=token_id)
        try:
            await self._redis.publish(STOPS_CHANNEL, event.model_dump_json())
        except (RedisError, OSError) as error:
            raise unavailable(error) from error

    async def refuse(self, revoked: Sequence[Revoked]) -> None:
        """Have every service refuse these tokens.

        Raises:
            UnavailableError: Redis does not answer.
        """
        if not revoked:
            return
        try:
            async with self._redis.pipeline() as pipe:
                pipe.sadd(REVOKED_TOKENS_KEY, *(each.token_id for each in revoked))
                pipe.expire(REVOKED_TOKENS_KEY, DEVICE_LIFE)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise unavailable(error) from error
