"""Ranks a shelf for a person and a mood.

An item's score is a prior, which knows the mood, plus what the person has taught us:

    score = FIT * nearness to the target in the valence-arousal plane
          + QUALITY * its rating, or what was learned of everybody's liking
          + SERVES * whether a genre or tag serves the goal
          + GOOD_FOR * how far it helps with the emotions shown
          + KINDRED * how far its cluster suits them, where the goal is to match
          + TASTE * expected liking, beyond everybody's
          + a little chance

Picks are then chosen one by one, each for its score less DIVERSITY times its likeness to the nearest pick before
it (maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.emotion import EMOTIONS, Affect
from contracts.mood import Mood
from contracts.recommendation import Goal
from services.recommender.core.catalogue import Floats, Shelf
from services.recommender.core.goals import target
from services.recommender.core.taste import Taste

Rows = npt.NDArray[np.intp]

FIT: Final = 1.0
QUALITY: Final = 0.25
SERVES: Final = 0.12
GOOD_FOR: Final = 0.25
KINDRED: Final = 0.08
TASTE: Final = 1.0
CHANCE: Final = 0.02
"""Standard deviation: enough to change the order of near equals from sitting to sitting."""
DIVERSITY: Final = 0.25

FIT_DISTANCE: Final = 0.4
"""In the valence-arousal plane: there, nearness is a half."""
POOL_FACTOR: Final = 5
MIN_POOL: Final = 100
"""Diversity is sought among this many of the best."""


@dataclass(frozen=True)
class Wish:
    """What a list is made for."""

    count: int
    goal: Goal
    mood: Mood | None = None
    exclude: frozenset[str] = frozenset()
    seed: int = 0

    @property
    def target(self) -> Affect:
        """Where in the plane the picks should lie."""
        return target(self.mood, self.goal)


@dataclass(frozen=True)
class Known:
    """What is known about a person, for one shelf."""

    taste: Taste
    never: frozenset[str] = frozenset()
    resting: Mapping[str, datetime] | None = None
    """When the person last met each item that should stay away for now."""


@dataclass(frozen=True)
class Ranked:
    """An item in its place."""

    id: str
    row: int
    score: float
    """In what was sought: the higher the better, falling along the list."""
    parts: Mapping[str, float]
    """The terms of the score by the name of their weight, e.g. "fit", before diversity."""
    recycled: bool = False
    """It should rest, but nothing else is left."""


def seed_of(*parts: object) -> int:
    """A seed that is the same for the same parts in every process."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest())


def rank(shelf: Shelf, known: Known, wish: Wish) -> list[Ranked]:
    """At most `wish.count` items of the shelf, the best first; then, if there are fewer, those that rest, the longest
    unseen first. Never one that is excluded or never wanted again. The same arguments give the same list."""
    if not shelf.ids:
        return []
    parts = _parts(shelf, known.taste, wish)
    scores = np.sum(list(parts.values()), axis=0)
    barred = known.never | wish.exclude
    resting = known.resting or {}
    is_open = np.ones(len(shelf.ids), dtype=bool)
    is_open[[shelf.rows[each] for each in {*barred, *resting} if each in shelf.rows]] = False
    chosen = _diverse(shelf, scores, np.flatnonzero(is_open), wish.count)
    picks = [_ranked(shelf, parts, row, score) for row, score in chosen]
    oldest = sorted((at, each) for each, at in resting.items() if each not in barred and each in shelf.rows)
    again = [shelf.rows[each] for _, each in oldest[: wish.count - len(picks)]]
    return picks + [_ranked(shelf, parts, row, float(scores[row]), recycled=True) for row in again]


def _parts(shelf: Shelf, taste: Taste, wish: Wish) -> dict[str, Floats]:
    emotions = _emotions(wish.mood)
    distance = np.linalg.norm(shelf.affect - np.array(wish.target), axis=1)
    return {
        "fit": FIT / (1.0 + (distance / FIT_DISTANCE) ** 2),
        "quality": QUALITY * shelf.quality,
        "serves": SERVES * shelf.serves[wish.goal],
        "good_for": GOOD_FOR * (shelf.good_for @ emotions),
        "kindred": KINDRED * (shelf.kindred @ emotions) * (wish.goal is Goal.MATCH),
        "taste": TASTE * taste.appeal(shelf),
        "chance": CHANCE * np.random.default_rng(wish.seed).standard_normal(len(shelf.ids)),
    }


def _emotions(mood: Mood | None) -> Floats:
    if mood is None or len(mood.probabilities) != len(EMOTIONS):
        return np.zeros(len(EMOTIONS))
    return np.array(mood.probabilities)


def _diverse(shelf: Shelf, scores: Floats, rows: Rows, count: int) -> Iterable[tuple[int, float]]:
    # A stable sort keeps equal scores in the shelf's order, which makes the list the same everywhere.
    pool = rows[np.argsort(-scores[rows], kind="stable")][: max(MIN_POOL, POOL_FACTOR * count)]
    likeness = _likeness(shelf, pool)
    left = scores[pool].copy()
    penalty = np.zeros(len(pool))
    chosen: list[tuple[int, float]] = []
    for _ in range(min(count, len(pool))):
        best = int(np.argmax(left - penalty))
        chosen.append((int(pool[best]), float(left[best] - penalty[best])))
        penalty = np.maximum(penalty, DIVERSITY * likeness[best])
        left[best] = -np.inf
    return chosen


def _likeness(shelf: Shelf, rows: Rows) -> Floats:
    features = shelf.features[rows]
    products: Floats = (features @ features.T).toarray()
    norms = np.sqrt(np.diag(products))
    return products / np.outer(norms, norms)


def _ranked(shelf: Shelf, parts: Mapping[str, Floats], row: int, score: float, *, recycled: bool = False) -> Ranked:
    return Ranked(shelf.ids[row], row, score, {name: float(part[row]) for name, part in parts.items()}, recycled)
