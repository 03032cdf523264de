"""What is known of people, kept in memory for a while: reading and learning it anew for every list would take longer
than ranking."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import numpy as np
from sqlalchemy import Connection

from contracts.recommendation import Kind
from services.recommender import people_store
from services.recommender.core.catalogue import Catalogue
from services.recommender.core.corrections import Correction
from services.recommender.core.exploring import Exploration
from services.recommender.core.leanings import Leanings
from services.recommender.core.opinions import Opinion, verdicts
from services.recommender.core.ranking import Ranked, rank
from services.recommender.core.rest import RestPolicy, never_again, resting
from services.recommender.core.searching import closed_rows
from services.recommender.core.taste import Taste, learn_taste
from services.recommender.core.wishes import Known, Wish, seed_of
from services.recommender.people_store import Shown, Sitting

MAX_AGE: Final = timedelta(minutes=1)
"""How long the memory of a person is trusted: what rests grows old, and a note of change may have been lost."""
MAX_LISTS: Final = 16
"""Of one person, remembered as long as they are."""


@dataclass
class Person:
    """Somebody in a sitting, as of a moment."""

    user_id: str
    sitting: Sitting
    read_at: datetime
    catalogue: Catalogue
    opinions: list[Opinion]
    corrections: list[Correction]
    taste: Taste
    never: frozenset[str]
    shown: Shown
    exploration: Exploration
    policy: RestPolicy
    _known: dict[Kind, Known] = field(default_factory=dict[Kind, Known])
    _lists: dict[object, list[Ranked]] = field(default_factory=dict[object, list[Ranked]])

    def known(self, kind: Kind) -> Known:
        """What ranking a shelf needs to know of them."""
        if kind not in self._known:
            shelf = self.catalogue.shelves[kind]
            rests = resting(kind, shelf, self.opinions, self.shown.earlier, self.read_at, self.policy)
            leanings = Leanings.of(shelf, self.taste, self.exploration)
            closed = closed_rows(shelf, {*self.never, *rests})
            self._known[kind] = Known(self.taste, self.never, rests, self.exploration, leanings, closed)
        return self._known[kind]

    def turned_away(self) -> frozenset[str]:
        """What they do not want, or not now, or have finished; not what they were merely shown."""
        shelves = self.catalogue.shelves.items()
        rests = (resting(kind, shelf, self.opinions, {}, self.read_at, self.policy) for kind, shelf in shelves)
        return self.never.union(*rests)

    def ranked(self, kind: Kind, wish: Wish) -> list[Ranked]:
        """See `rank`; the same wish is answered from memory."""
        mood = wish.mood
        felt = (mood.state, *mood.probabilities, mood.valence, mood.arousal) if mood else None
        key = kind, felt, replace(wish, mood=None)
        ranked = self._lists.get(key)
        if ranked is None:
            ranked = rank(self.catalogue.shelves[kind], self.known(kind), wish)
            if len(self._lists) >= MAX_LISTS:
                self._lists.clear()
            self._lists[key] = ranked
        return ranked


class People:
    """Remembers those who were last asked about.

    Args:
        seed: of every draw.
        policy: how long items rest.
        max_people: beyond so many the one not asked about for longest is forgotten.
    """

    def __init__(self, seed: int, policy: RestPolicy, max_people: int) -> None:
        self._seed = seed
        self._policy = policy
        self._max_people = max_people
        self._kept: OrderedDict[str, tuple[str, Person]] = OrderedDict()
        self._lock = Lock()

    def remembered(
        self, user_id: str, version: str | None, sitting: Sitting, catalogue: Catalogue, now: datetime
    ) -> Person | None:
        """The person, if they are remembered and have told nothing since.

        Args:
            version: of what they have told; None: nobody knows, so that nothing remembered can be trusted.
        """
        kept_version, person = self._kept.get(user_id, (None, None))
        if person is None or version is None or kept_version != version:
            return None
        is_current = person.sitting == sitting and person.catalogue is catalogue
        return person if is_current and timedelta(0) <= now - person.read_at < MAX_AGE else None

    def read(
        self, connection: Connection, user_id: str, sitting: Sitting, catalogue: Catalogue, as_of: datetime
    ) -> Person:
        """The person as they were known at a moment of that sitting."""
        opinions = people_store.opinions(connection, user_id, as_of)
        taste = learn_taste(catalogue, opinions, as_of, people_store.spoken(connection, user_id, as_of))
        seed = seed_of(self._seed, user_id, sitting.begins_at.isoformat())
        return Person(
            user_id=user_id,
            sitting=sitting,
            read_at=as_of,
            catalogue=catalogue,
            opinions=opinions,
            corrections=people_store.corrections(connection, user_id, as_of),
            taste=taste,
            never=never_again(verdicts(catalogue, opinions)),
            shown=people_store.shown(connection, user_id, sitting),
            exploration=Exploration.of(taste, np.random.default_rng(seed)),
            policy=self._policy,
        )

    def remember(self, person: Person, version: str | None) -> None:
        """Keep a person as of this version."""
        if version is None:
            return
        with self._lock:
            self._kept[person.user_id] = (version, person)
            self._kept.move_to_end(person.user_id)
            if len(self._kept) > self._max_people:
                self._kept.popitem(last=False)

    def forget(self, user_id: str) -> None:
        """They have told something."""
        with self._lock:
            self._kept.pop(user_id, None)

    def forget_all(self) -> None:
        """There is a new catalogue: nobody is remembered with it, and each keeps the old one in memory."""
        with self._lock:
            self._kept.clear()
