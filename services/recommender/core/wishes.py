"""What a list is made for, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from contracts.emotion import Affect
from contracts.mood import Mood
from contracts.recommendation import Goal
from services.recommender.core.candidates import Rows
from services.recommender.core.exploring import Exploration
from services.recommender.core.goals import destination, place_of, target
from services.recommender.core.journeys import waypoints
from services.recommender.core.leanings import Leanings
from services.recommender.core.taste import Taste
from services.recommender.core.weights import CANDIDATES


@dataclass(frozen=True)
class Wish:
    """What a list is made for."""

    count: int
    goal: Goal
    mood: Mood | None = None
    exclude: frozenset[str] = frozenset()
    seed: int = 0
    destination: Goal | None = None
    """Where a journey leads: lift, calm or focus; None leaves it to the mood."""
    candidates: int = CANDIDATES
    """How many items are scored at least; `EVERYTHING` scores all."""

    @property
    def target(self) -> Affect:
        """Where in the plane the picks should lie; of a journey, the last ones."""
        return target(self.mood, self.goal_served)

    @property
    def goal_served(self) -> Goal:
        """The goal, or where the journey leads."""
        return destination(self.mood, self.destination) if self.goal is Goal.JOURNEY else self.goal

    def stops(self, count: int) -> list[Affect]:
        """So many places on the way from where the person is to the target."""
        return [Affect(*map(float, point)) for point in waypoints(place_of(self.mood), self.target, count)]


@dataclass(frozen=True)
class Known:
    """What is known about a person, for one shelf."""

    taste: Taste
    never: frozenset[str] = frozenset()
    resting: Mapping[str, datetime] | None = None
    """When the person last met each item that should stay away for now."""
    exploration: Exploration | None = None
    """None: only what is known counts."""
    leanings: Leanings | None = None
    """None: to be found."""
    closed: Rows | None = None
    """As `closed_rows` finds them; None: to be found."""


def seed_of(*parts: object) -> int:
    """A seed that is the same for the same parts in every process."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest())
