"""What a person said about items, or did with them, and what of it counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from contracts.emotion import Affect
from contracts.recommendation import FeedbackAction, Kind, TasteWord
from services.recommender.core.catalogue import Catalogue, Feature

APPEAL: Final[Mapping[FeedbackAction, float]] = {
    FeedbackAction.LIKE: 1.0,
    FeedbackAction.SAVE: 0.8,
    FeedbackAction.FINISH: 0.6,
    FeedbackAction.PLAY: 0.2,
    FeedbackAction.SKIP: -0.5,
    FeedbackAction.DISLIKE: -1.0,
}
"""How much an item appeals to somebody who did this, -1..1. Editorial."""

EARLIEST_SKIP: Final = APPEAL[FeedbackAction.SKIP]
SKIP_REACH: Final = APPEAL[FeedbackAction.PLAY] - EARLIEST_SKIP
"""From a skip at the beginning to one at the end, which says as much as having played it."""

SAID: Final = frozenset({FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE, FeedbackAction.RATE})
"""What people say about an item counts before what they did with it."""

NEUTRAL_RATING: Final = 6.0
"""Of 0..10: in MovieLens, where half a star to five were given, what people rate 3 or below they did not like."""
RATING_REACH: Final = 4.0
"""From there to a rating that says as much as a like."""


class Opinion(NamedTuple):
    """The last thing a person said about an item, or did with it."""

    item_id: str
    action: FeedbackAction
    occurred_at: datetime
    rating: float | None = None
    """0..10, where they gave one."""
    progress: float | None = None
    """How far they were in the item, 0..1, where that is known."""
    mood: Affect | None = None
    """That they were in, where it is known."""

    @classmethod
    def rated(cls, item_id: str, rating: float, occurred_at: datetime) -> "Opinion":
        """An explicit rating, 0..10."""
        return cls(item_id, FeedbackAction.RATE, occurred_at, rating)

    @property
    def liking(self) -> float:
        """-1..1."""
        if self.rating is not None:
            return liking(self.rating)
        if self.action is FeedbackAction.SKIP:
            return EARLIEST_SKIP + SKIP_REACH * (self.progress or 0.0)
        return APPEAL[self.action]


class Spoken(NamedTuple):
    """What a person says of a feature."""

    feature: Feature
    word: TasteWord
    occurred_at: datetime


class Verdict(NamedTuple):
    """What counts about an item for a taste."""

    item_id: str
    kind: Kind
    row: int
    action: FeedbackAction
    liking: float
    """-1..1."""
    mood: Affect | None
    occurred_at: datetime


def liking(rating: float) -> float:
    """How much somebody likes what they rate so, 0..10: -1..1."""
    return min(max((rating - NEUTRAL_RATING) / RATING_REACH, -1.0), 1.0)


def verdicts(catalogue: Catalogue, opinions: Iterable[Opinion]) -> list[Verdict]:
    """One verdict for each item, the newest first: what was said counts before what was done, then the newer before
    the older. "Not now" is no verdict. Items that are no longer in the catalogue are left out."""
    chosen: dict[str, Opinion] = {}
    given = (opinion for opinion in opinions if opinion.action is not FeedbackAction.NOT_NOW)
    for opinion in sorted(given, key=lambda each: (each.action in SAID, each.occurred_at, each.action)):
        chosen[opinion.item_id] = opinion
    newest = sorted(chosen.values(), key=lambda each: (each.occurred_at, each.item_id), reverse=True)
    located = ((opinion, catalogue.kind_of(opinion.item_id)) for opinion in newest)
    return [
        Verdict(
            item_id=opinion.item_id,
            kind=kind,
            row=catalogue.shelves[kind].rows[opinion.item_id],
            action=opinion.action,
            liking=opinion.liking,
            mood=opinion.mood,
            occurred_at=opinion.occurred_at,
        )
        for opinion, kind in located
        if kind is not None
    ]
