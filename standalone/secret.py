"""A secret that is made once and kept for the next run, and the demo camera's token."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import jwt

TOKEN_LIFE: Final = timedelta(days=30)
"""Longer than a demo runs."""


def kept_secret(path: Path) -> str:
    """The secret in this file; made where there is none, for the eyes of its owner only."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text()


def device_token(secret: str, user_id: str) -> str:
    """A token with which a capture client may stream for this user, as the gateway would make it; see
    `services.emotion.callers`.

    Args:
        secret: that the emotion service checks with.
    """
    now = datetime.now(UTC)
    claims = {"sub": user_id, "aud": "emotion", "iat": now, "exp": now + TOKEN_LIFE, "jti": uuid4().hex}
    return jwt.encode(claims, secret, "HS256")
