"""People's moods over a week: the last of each minute, for accounts alone."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Table, delete, select

from contracts.events import MoodEvent
from contracts.mood import MoodState
from servicekit.database import Database, Offloader, upsert
from servicekit.errors import EmoVerseError
from services.gateway.access import is_account
from services.gateway.accounts.accounts import Clock
from services.gateway.accounts.schema import AccountRow, MoodNoteRow

KEPT: Final = timedelta(days=7)
WRITE_EVERY_S: Final = 5.0
MAX_WAITING: Final = 10_000
"""Notes that are not written yet; beyond these, while the database is away, new ones are dropped."""

_NOTE: Final[Table] = MoodNoteRow.metadata.tables["mood_note"]

_log = structlog.get_logger(__name__)


class MoodNote(NamedTuple):
    """A mood in a minute."""

    at: datetime
    state: str
    valence: float
    arousal: float


class MoodDiary:
    """Notes the moods that are published. Several gateways may note the same: they write the same."""

    def __init__(self, database: Database, offload: Offloader, clock: Clock) -> None:
        self._database = database
        self._offload = offload
        self._clock = clock
        self._waiting: dict[tuple[str, datetime], MoodEvent] = {}

    def note(self, event: MoodEvent) -> None:
        """Have it written soon; returns at once."""
        if is_account(event.user_id) and event.mood.state is not MoodState.ABSENT and len(self._waiting) < MAX_WAITING:
            self._waiting[event.user_id, event.at.replace(second=0, microsecond=0)] = event

    async def run(self) -> None:
        """Write what was noted, for ever."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            try:
                await self.flush()
            except EmoVerseError as error:
                _log.warning("moods will be written later", reason=error.message)

    async def flush(self) -> None:
        """Write what was noted.

        Raises:
            UnavailableError: the database does not answer; it is kept for the next time.
        """
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await self._offload(self._write, waiting)
        except EmoVerseError:
            self._waiting = waiting | self._waiting
            raise

    async def notes(self, user_id: str, since: datetime | None = None) -> list[MoodNote]:
        """What was seen of a person, the oldest first; None: of the whole week."""
        await self.flush()
        return await self._offload(self._read, user_id, since)

    async def forget(self, user_id: str) -> None:
        """Delete what is kept of a person."""
        self._waiting = {key: event for key, event in self._waiting.items() if event.user_id != user_id}
        await self._offload(self._delete, user_id)

    def _write(self, waiting: dict[tuple[str, datetime], MoodEvent]) -> None:
        people = {user_id for user_id, _ in waiting}
        with self._database.writing() as connection:
            # Somebody may have been deleted since; nobody shall be until this is written.
            kept = select(AccountRow.id).where(AccountRow.id.in_(people)).with_for_update(read=True, key_share=True)
            there = set(connection.scalars(kept))
            rows: list[dict[str, Any]] = [
                {
                    "account_id": user_id,
                    "at": at,
                    "state": event.mood.state,
                    "valence": event.mood.valence,
                    "arousal": event.mood.arousal,
                }
                for (user_id, at), event in waiting.items()
                if user_id in there
            ]
            upsert(connection, _NOTE, rows)
            connection.execute(delete(_NOTE).where(MoodNoteRow.at < self._clock() - KEPT))

    def _read(self, user_id: str, since: datetime | None) -> list[MoodNote]:
        oldest = self._clock() - KEPT
        mine = (MoodNoteRow.account_id == user_id, MoodNoteRow.at >= max(since or oldest, oldest))
        columns = (MoodNoteRow.at, MoodNoteRow.state, MoodNoteRow.valence, MoodNoteRow.arousal)
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(*mine).order_by(MoodNoteRow.at))
            return [MoodNote(*row) for row in rows]

    def _delete(self, user_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(_NOTE).where(MoodNoteRow.account_id == user_id))
