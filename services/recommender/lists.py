"""What is asked of the recommender, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from contracts.mood import Mood
from contracts.recommendation import Goal, Item, Kind, Pick
from services.recommender.answers import Answer
from services.recommender.core.ranking import Ranked
from services.recommender.core.reasons import WordedReason
from services.recommender.core.rest import RestPolicy
from services.recommender.core.taste import Belief
from services.recommender.core.weights import CANDIDATES
from services.recommender.core.wishes import seed_of
from services.recommender.pages import Page
from services.recommender.people_store import Said


@dataclass(frozen=True)
class Policy:
    """How lists are made."""

    seed: int
    sitting: timedelta
    rest: RestPolicy
    candidates: int = CANDIDATES
    """See `Wish.candidates`."""


@dataclass(frozen=True)
class Request:
    """What somebody asks for."""

    user_id: str
    count: int
    mood: Mood | None = None
    """As it was detected, see `has_chosen_mood`."""
    has_chosen_mood: bool = False
    """Whether somebody asked for this mood, which needs no correction then."""
    goal: Goal | None = None
    """None: the default for the mood."""
    exclude: frozenset[str] = frozenset()
    destination: Goal | None = None
    """Of a journey."""
    page: Page | None = None
    """Where an earlier list goes on; its mood and goal count."""
    version: str | None = None
    """See `People.remembered`."""

    def digest(self, kind: str) -> int:
        """Of what makes a list, apart from the mood and the place in it."""
        return seed_of(self.user_id, kind, self.goal, self.destination, sorted(self.exclude)) % 2**53


class Chosen(NamedTuple):
    """An item chosen for a person and a mood."""

    answer: Answer
    ranked: Ranked
    reasons: Sequence[WordedReason]

    @property
    def item(self) -> Item:
        """The item."""
        return self.answer.item

    @property
    def pick(self) -> Pick:
        """The same for events."""
        return Pick(
            item=self.item,
            score=self.ranked.score,
            reasons=[reason.text for reason in self.reasons],
            propensity=self.ranked.propensity,
            why=[reason.typed for reason in self.reasons],
        )


class Told(NamedTuple):
    """Something a person said of an item."""

    said: Said
    answer: Answer


class Beliefs(NamedTuple):
    """What is believed about a person's taste."""

    because: Mapping[Belief, Sequence[Told]]
    """The strongest first; what was said of the items that each was learned from."""
    learned_from: int
    """Items."""


class Listing(NamedTuple):
    """A list, or a page of one."""

    picks: list[Chosen]
    goal: Goal
    mood: Mood | None
    next_page: str = ""
    """A token; empty where nothing follows."""


class Lists(NamedTuple):
    """A list of every kind."""

    picks: dict[Kind, list[Pick]]
    goal: Goal
    mood: Mood | None
    """As the person would say it."""
