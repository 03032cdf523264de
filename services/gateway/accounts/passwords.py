"""Passwords are kept as Argon2id hashes, with the parameters that argon2-cffi recommends (RFC 9106, low memory)."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher()
_NOBODYS: Final = _HASHER.hash("")


def hash_password(password: str) -> str:
    """What to keep of a password. Takes tens of milliseconds and 64 MiB, on purpose."""
    return _HASHER.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Whether this is the password; takes equally long where there is none, so that time tells nothing of a name."""
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
