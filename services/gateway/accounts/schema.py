"""The gateway's tables. Change them together with a migration in `migrations/versions`, and raise `SCHEMA_VERSION`."""

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import ForeignKey, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from servicekit.database import NAMING, UtcDateTime

SCHEMA_VERSION: Final = "0003"
VERSION_TABLE: Final = "gateway_version"
"""The gateway's tables may lie in one database with the recommender's."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)


class AccountRow(Base):
    """Somebody. Guests have no name and no password."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(64), unique=True)
    """In lower case."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_operator: Mapped[bool]
    consent_version: Mapped[int | None]
    consent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """To the hour."""


class CredentialRow(Base):
    """A session of a browser, or a device that may stream. What is revoked is gone from here."""

    __tablename__ = "credential"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The `jti` of its token; the token itself is not kept."""
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MoodNoteRow(Base):
    """The last mood that was seen of somebody in a minute."""

    __tablename__ = "mood_note"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, index=True)
    """The beginning of the minute."""
    state: Mapped[str] = mapped_column(String(20))
    valence: Mapped[float]
    arousal: Mapped[float]


class SpotifyRow(Base):
    """Somebody's Spotify."""

    __tablename__ = "spotify"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    tokens: Mapped[str] = mapped_column(Text)
    """Encrypted."""
    name: Mapped[str] = mapped_column(String(100))
    premium: Mapped[bool]


class SpotifyMatchRow(Base):
    """Which track a song of the catalogue is at Spotify."""

    __tablename__ = "spotify_match"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A hash of the title and the creators."""
    uri: Mapped[str] = mapped_column(String(100))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ForgottenRow(Base):
    """Somebody who was just forgotten. What was on its way meanwhile is deleted soon after, and then this."""

    __tablename__ = "forgotten"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RevokedTokenRow(Base):
    """A device's token that other services must refuse until it is outdated. It names nobody."""

    __tablename__ = "revoked_token"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
