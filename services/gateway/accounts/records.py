"""What is known of an account, a session and a device."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.gateway.accounts.consent import CONSENT_VERSION


@dataclass(frozen=True)
class Account:
    """Somebody."""

    id: str
    name: str | None
    is_operator: bool
    consent_version: int | None
    consent_at: datetime | None
    created_at: datetime

    @property
    def agrees(self) -> bool:
        """Whether their pictures may be looked at."""
        return self.consent_version == CONSENT_VERSION


class Credential(NamedTuple):
    """A session or a device."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime


class Principal(NamedTuple):
    """Who asks, and in which session."""

    account: Account
    session_id: str
    ends_at: datetime
    """When the session ends by itself."""


class Admitted(NamedTuple):
    """Somebody with a session of their own, and its token."""

    account: Account
    token: str


class Census(NamedTuple):
    """How many accounts there are."""

    guests: int
    members: int
    """Operators too."""


class Revoked(NamedTuple):
    """A device's token that is no longer good."""

    token_id: str
    expires_at: datetime
