"""Where people's Spotify tokens are: in the gateway's database, encrypted; and which song is which track there."""

import base64
import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Table, delete, select, update

from servicekit.database import Database, upsert
from services.gateway.accounts.accounts import Clock
from services.gateway.accounts.schema import SpotifyMatchRow, SpotifyRow

MATCH_LIFE: Final = timedelta(days=30)

_CONNECTION: Final[Table] = SpotifyRow.metadata.tables["spotify"]
_MATCH: Final[Table] = SpotifyRow.metadata.tables["spotify_match"]


class Tokens(NamedTuple):
    """What lets us act for a person."""

    access: str
    refresh: str
    expires_at: int
    """Seconds since 1970."""


class Profile(NamedTuple):
    """Who they are there."""

    name: str
    premium: bool


class Kept(NamedTuple):
    """Somebody's connection."""

    tokens: Tokens
    profile: Profile
    sealed: str
    """The tokens as they are kept; every time they are written, another text."""


class Song(NamedTuple):
    """A song of our catalogue."""

    title: str
    creators: tuple[str, ...]


class Vault:
    """Blocks; raises `DatabaseUnavailableError` where the database does not answer.

    Args:
        secret: the gateway's; with another one, nobody is connected.
    """

    def __init__(self, database: Database, secret: str, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        derived = HKDF(SHA256(), length=32, salt=None, info=b"emoverse spotify tokens").derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def keep(self, user_id: str, tokens: Tokens, profile: Profile) -> None:
        """Connect a person."""
        row = {"account_id": user_id, "tokens": self._sealed(tokens), **profile._asdict()}
        with self._database.writing() as connection:
            upsert(connection, _CONNECTION, [row])

    def renew(self, user_id: str, tokens: Tokens, instead_of: str) -> bool:
        """Bring a person's tokens up to date; whether those that were sealed as `instead_of` were still kept."""
        same = (SpotifyRow.account_id == user_id, SpotifyRow.tokens == instead_of)
        with self._database.writing() as connection:
            renewed = connection.execute(update(_CONNECTION).where(*same).values(tokens=self._sealed(tokens)))
            return renewed.rowcount > 0

    def find(self, user_id: str) -> Kept | None:
        """A person's tokens; None where they are not connected, or the secret has changed since."""
        with self._database.reading() as connection:
            row: Any = connection.execute(select(_CONNECTION).where(SpotifyRow.account_id == user_id)).one_or_none()
        if row is None:
            return None
        try:
            tokens = Tokens(*json.loads(self._fernet.decrypt(row.tokens)))
        except InvalidToken:
            return None
        return Kept(tokens, Profile(row.name, row.premium), row.tokens)

    def forget(self, user_id: str, sealed: str | None = None) -> bool:
        """Disconnect a person, if need be only while their tokens are kept as `sealed`; whether they were connected."""
        same = [SpotifyRow.account_id == user_id] + ([SpotifyRow.tokens == sealed] if sealed else [])
        with self._database.writing() as connection:
            return connection.execute(delete(_CONNECTION).where(*same)).rowcount > 0

    def track_of(self, song: Song) -> str | None:
        """The track that a song was found to be lately."""
        recent = SpotifyMatchRow.found_at > self._clock() - MATCH_LIFE
        with self._database.reading() as connection:
            return connection.scalar(select(SpotifyMatchRow.uri).where(SpotifyMatchRow.id == _key(song), recent))

    def note_track(self, song: Song, uri: str) -> None:
        """Remember which track a song is."""
        row: dict[str, str | datetime] = {"id": _key(song), "uri": uri, "found_at": self._clock()}
        with self._database.writing() as connection:
            upsert(connection, _MATCH, [row])

    def _sealed(self, tokens: Tokens) -> str:
        return self._fernet.encrypt(json.dumps(tokens).encode()).decode()


def _key(song: Song) -> str:
    return sha256(json.dumps([song.title.casefold(), *map(str.casefold, song.creators)]).encode()).hexdigest()
