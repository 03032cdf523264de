"""What people were shown, and how probable chance made it: written a little later, many lists at once."""

from collections import deque
from threading import Lock
from typing import Final

import structlog

from servicekit.database import Database
from servicekit.errors import UnavailableError
from services.recommender import people_store
from services.recommender.people_store import Exposure

MAX_WAITING: Final = 10_000
"""Lists; beyond these the oldest is dropped, and its items do not rest."""

_log = structlog.get_logger(__name__)


class ShownLog:
    """Holds exposures until they are written. A crash loses those of the last moments: nobody relies on them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Exposure] = deque()
        self._lock = Lock()

    def add(self, exposure: Exposure) -> None:
        """Have it written soon."""
        with self._lock:
            self._waiting.append(exposure)
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popleft()
                _log.warning("dropped a list that was shown: the database does not keep up")

    def waits_for(self, user_id: str) -> bool:
        """Whether something of this person is not written yet."""
        with self._lock:
            return any(exposure.user_id == user_id for exposure in self._waiting)

    def flush(self) -> None:
        """Write all that waits, in one transaction.

        Raises:
            UnavailableError: the database cannot take it; it waits on.
        """
        with self._lock:
            batch, self._waiting = list(self._waiting), deque()
        if not batch:
            return
        try:
            with self._database.writing() as connection:
                people_store.log_shown(connection, batch)
        except UnavailableError:
            with self._lock:
                self._waiting.extendleft(reversed(batch))
            raise
