"""A secret that is made once and kept for the next run, and the demo camera's token."""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final
from uuid import uuid4

import jwt

TOKEN_LIFE: Final = timedelta(days=30)
"""Longer than a demo runs."""


def kept_secret(path: Path) -> str:
    """The secret in this file; made where there is none, for the eyes of its owner only.

    Raises:
        OSError: it cannot be written or read.
    """
    if path.exists() and not path.stat().st_size:
        path.unlink()
    if not path.exists():
        # Elsewhere first: a disk that is full must not leave half of it.
        with NamedTemporaryFile("w", dir=path.parent, delete=False) as made:
            try:
                made.write(secrets.token_urlsafe(32))
                made.flush()
                _place(Path(made.name), path)
            finally:
                Path(made.name).unlink(missing_ok=True)
    return path.read_text()


def _place(made: Path, path: Path) -> None:
    try:
        with suppress(FileExistsError):
            os.link(made, path)
    except OSError:
        # Not every file system has hard links.
        made.replace(path)


def device_token(secret: str, user_id: str) -> str:
    """A token with which a capture client may stream for this user, as the gateway would make it; see
    `services.emotion.callers`.

    Args:
        secret: that the emotion service checks with.
    """
    claims = {"sub": user_id, "aud": "emotion", "exp": datetime.now(UTC) + TOKEN_LIFE, "jti": uuid4().hex}
    return jwt.encode(claims, secret, "HS256")
