"""Simulated people: what each of them would like in each mood is known, and they answer by chance.

How much somebody likes an item is the sum of four parts, each standardised over the shelf:

    TASTE * what of its creators, genres and tags they like or do not
    + MOOD_TASTE * the same for those that they like in this mood alone
    + FIT * nearness of the item to where their mood, or what they want of it, asks it to be
    + QUALITY * how it is rated

It says nothing of our model's scales or priors: tastes are a few likes and dislikes, not normal weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction
from services.recommender.core.catalogue import Floats, Shelf
from services.recommender.core.corrections import mood_for
from services.recommender.core.goals import default_goal, target

TASTE: Final = 1.0
MOOD_TASTE: Final = 0.5
FIT: Final = 0.5
QUALITY: Final = 0.25
SLOPE: Final = 1.5
"""Of the chance to be pleased, in the logit, over how much it is liked."""
LIKES: Final = 6
DISLIKES: Final = 6
MOOD_LIKES: Final = 3
MOODS: Final = 2
"""That one person goes through."""
MIN_ITEMS: Final = 4
"""That have something in common which people like or not."""
SAYS: Final = 0.4
"""How often somebody says what they think, rather than just finishing or skipping."""
BEGIN: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
EMOTIONAL: Final = tuple(state for state in MoodState if state not in (MoodState.UNCERTAIN, MoodState.ABSENT))


@dataclass(frozen=True)
class SimulatedPerson:
    """Somebody, and a shelf."""

    moods: Sequence[MoodState]
    pleased: dict[MoodState, Floats]
    """(n,): how probably each of a shelf's n items would please them in each of their moods."""

    def answer(self, row: int, mood: MoodState, rng: np.random.Generator) -> tuple[FeedbackAction, float | None]:
        """What they do with an item, and how far they were in it."""
        says = rng.random() < SAYS
        if rng.random() < self.pleased[mood][row]:
            return (FeedbackAction.LIKE, None) if says else (FeedbackAction.FINISH, 1.0)
        return (FeedbackAction.DISLIKE, None) if says else (FeedbackAction.SKIP, round(float(rng.random()) / 2, 2))


def simulated_people(shelf: Shelf, count: int, rng: np.random.Generator) -> list[SimulatedPerson]:
    """So many different people."""
    return [_person(shelf, rng) for _ in range(count)]


def _person(shelf: Shelf, rng: np.random.Generator) -> SimulatedPerson:
    moods = [EMOTIONAL[n] for n in rng.choice(len(EMOTIONAL), MOODS, replace=False)]
    always = _liking(shelf, rng, LIKES, DISLIKES)
    pleased: dict[MoodState, Floats] = {}
    for state in moods:
        mood = mood_for(state, BEGIN)
        away = ((shelf.affect - np.array(target(mood, default_goal(mood)))) ** 2).sum(axis=1)
        here = _liking(shelf, rng, MOOD_LIKES, 0)
        parts = ((TASTE, always), (MOOD_TASTE, here), (FIT, -np.sqrt(away)), (QUALITY, shelf.quality))
        liking = sum((weight * _standard(part) for weight, part in parts), np.zeros(len(shelf.ids)))
        pleased[state] = 1.0 / (1.0 + np.exp(-SLOPE * (liking - 1.0)))
    return SimulatedPerson(moods, pleased)


def _liking(shelf: Shelf, rng: np.random.Generator, likes: int, dislikes: int) -> Floats:
    """What they make of a few things that items have in common, more often of those that many have: (n,)."""
    has = shelf.features > 0
    sizes = np.asarray(has.sum(axis=0)).ravel()
    known = np.flatnonzero(sizes >= MIN_ITEMS)
    share = sizes[known] ** 0.5 / (sizes[known] ** 0.5).sum()
    chosen = rng.choice(known, likes + dislikes, replace=False, p=share)
    signs = np.zeros(len(sizes))
    signs[chosen[:likes]] = 1.0
    signs[chosen[likes:]] = -1.0
    return has @ signs


def _standard(values: Floats) -> Floats:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
