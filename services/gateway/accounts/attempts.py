"""How often somebody may try: counted in Redis, for all replicas together."""

import hmac
import time
from enum import Enum

from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from servicekit.pubsub import unavailable
from services.gateway.accounts.errors import TooManyAttemptsError


class Action(Enum):
    """What is limited, and how often it may happen for one key."""

    BEGIN_AS_GUEST = "60/minute;600/hour"
    """By address."""
    SIGN_IN_FROM = "30/minute;200/hour"
    """By address."""
    SIGN_UP_FROM = "10/minute;60/hour"
    """By address: whether a name is taken can be found out by signing up."""
    SIGN_IN_AS = "5/minute;50/hour"
    """By name; a password change counts as well."""

    @property
    def limits(self) -> list[RateLimitItem]:
        """As the limiter wants them."""
        return parse_many(self.value)


class Attempts:
    """Counts attempts. Redis learns neither names nor addresses, only digests of them that change with the secret."""

    def __init__(self, redis: Redis, redis_url: str, secret: str) -> None:
        self._secret = secret.encode()
        pool = redis.connection_pool
        self._limiter = FixedWindowRateLimiter(
            RedisStorage(redis_url, implementation="redispy", key_prefix="emoverse:v1:attempts", connection_pool=pool)  # pyright: ignore[reportArgumentType]  (the options are redis-py's own)
        )

    async def note(self, action: Action, key: str) -> None:
        """Count one attempt.

        Raises:
            TooManyAttemptsError: there were too many.
            UnavailableError: Redis does not answer: nobody counts, so nobody may try.
        """
        digest = hmac.digest(self._secret, key.encode(), "sha256").hex()
        try:
            for limit in action.limits:
                if not await self._limiter.hit(limit, action.name, digest):
                    window = await self._limiter.get_window_stats(limit, action.name, digest)
                    raise TooManyAttemptsError(max(1.0, window.reset_time - time.time()))
        except (RedisError, OSError) as error:
            raise unavailable(error) from error
