"""Signed tokens: JWTs (RFC 7519) under HMAC-SHA-256, for sessions and for devices that stream."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import jwt

_ALGORITHM: Final = "HS256"
_REQUIRED: Final = ("sub", "aud", "exp", "jti")


class Purpose(StrEnum):
    """What a credential is good for; the audience of its token."""

    SESSION = "session"
    DEVICE = "emotion"
    """The emotion service checks these, with the secret it shares with the gateway."""


class Claims(NamedTuple):
    """What a token says."""

    token_id: str
    user_id: str
    expires_at: datetime


class Signer:
    """Makes and checks tokens of one purpose."""

    def __init__(self, secret: str, purpose: Purpose) -> None:
        self._secret = secret
        self._purpose = purpose

    def sign(self, claims: Claims) -> str:
        """The token that says so. When it was made is left out: a machine whose clock is behind would refuse it."""
        payload = {
            "sub": claims.user_id,
            "aud": self._purpose.value,
            "exp": claims.expires_at,
            "jti": claims.token_id,
        }
        return jwt.encode(payload, self._secret, _ALGORITHM)

    def token_id(self, token: str) -> str | None:
        """The id of a token that we signed; None for any other. Whether it is still good, the database knows."""
        try:
            payload = jwt.decode(
                token,
                self._secret,
                [_ALGORITHM],
                {"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False},
                audience=self._purpose.value,
            )
        except jwt.InvalidTokenError:
            return None
        return str(payload["jti"])
