"""Who calls: checks the tokens that the gateway gives to devices."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple, Protocol

import jwt
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import REVOKED_TOKENS_KEY
from servicekit.errors import ForbiddenError, UnauthenticatedError

AUDIENCE: Final = "emotion"
ALGORITHM: Final = "HS256"
REQUIRED: Final = ("sub", "aud", "exp", "jti")
LOOK_TIMEOUT_S: Final = 0.5

_log = structlog.get_logger(__name__)


class Caller(NamedTuple):
    """Somebody who may call."""

    user_id: str | None = None
    """Whom they may stream; None: anybody."""
    token_id: str | None = None

    def check(self, user_id: str) -> None:
        """Whether they may stream this person.

        Raises:
            ForbiddenError: they may not.
        """
        if self.user_id not in {None, user_id}:
            raise ForbiddenError(
                f"This token is not for {user_id!r}.", "Use the user_id that the token was made for.", "token_foreign"
            )


class Callers(Protocol):
    """Tells who calls."""

    async def identify(self, token: str | None) -> Caller:
        """The caller with this bearer token.

        Raises:
            UnauthenticatedError: the token is missing or not good.
        """
        ...

    async def taken_back(self, token_ids: Collection[str]) -> set[str]:
        """Those of these tokens that are not good any more."""
        ...


class Anybody:
    """Everybody is let in, for a service that only this machine or a closed network reaches."""

    async def identify(self, token: str | None) -> Caller:
        """Whoever it is."""
        return Caller()

    async def taken_back(self, token_ids: Collection[str]) -> set[str]:
        """None: nobody has one."""
        return set()


class DeviceTokens:
    """JWTs (RFC 7519) under HMAC-SHA-256, as the gateway signs them. While Redis is away, a token that was taken back
    lets in as long as it has not expired.

    Args:
        secret: shared with the gateway.
    """

    def __init__(self, secret: str, redis: Redis) -> None:
        self._secret = secret
        self._redis = redis

    async def identify(self, token: str | None) -> Caller:
        """The device with this token."""
        if token is None:
            raise _unauthenticated("token_missing", "The call carries no token.")
        try:
            claims = jwt.decode(
                token, self._secret, [ALGORITHM], {"require": list(REQUIRED)}, audience=AUDIENCE, leeway=5
            )
        except jwt.ExpiredSignatureError as error:
            raise _unauthenticated("token_expired", "The token has expired.") from error
        except jwt.InvalidTokenError as error:
            raise _unauthenticated("token_invalid", "The token is not one of ours.") from error
        if await self.taken_back([claims["jti"]]):
            raise _unauthenticated("token_revoked", "The token was taken back.")
        return Caller(claims["sub"], claims["jti"])

    async def taken_back(self, token_ids: Collection[str]) -> set[str]:
        """Those of these tokens that the gateway took back; none while Redis is away."""
        if not token_ids:
            return set()
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                answers = await self._redis.smismember(  # pyright: ignore[reportGeneralTypeIssues]  (typed as blocking)
                    REVOKED_TOKENS_KEY, list(token_ids)
                )
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("nobody knows which tokens were taken back", problem=type(error).__name__)
            return set()
        return {token_id for token_id, revoked in zip(token_ids, answers, strict=True) if revoked}


def bearer(metadata: Iterable[tuple[str, str | bytes]] | None) -> str | None:
    """The bearer token (RFC 6750) in a call's metadata, if there is one."""
    for key, value in metadata or ():
        scheme, _, token = (value if isinstance(value, str) else "").partition(" ")
        if key == "authorization" and scheme.lower() == "bearer":
            return token.strip()
    return None


def _unauthenticated(code: str, message: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        message, 'Send "authorization: Bearer TOKEN" with a token of this device from the gateway.', code
    )
