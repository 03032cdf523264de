"""Ranks a shelf for a person and a mood.

An item's score is a prior, which knows the mood, plus what the person has taught us, plus what we do not know yet:

    score = FIT * nearness to the target in the valence-arousal plane, of what has a known place there
          + QUALITY * its rating, or what was learned of everybody's liking
          + SERVES * whether a genre or tag serves the goal
          + GOOD_FOR * how far it helps with the emotions shown
          + KINDRED * how far its cluster suits them, where the goal is to match
          + TASTE * expected liking, beyond everybody's
          + EXPLORE * how a draw from what the person's taste may be differs from what we expect
          + CHANCE * a draw of what nobody can know of the item itself

The draws are one for each person and sitting, see `exploring`. Only the candidates that `Index` finds are scored, and
`choose` makes a list of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from contracts.emotion import EMOTIONS, Affect
from contracts.mood import Mood
from contracts.recommendation import Goal
from services.recommender.core.candidates import Rows
from services.recommender.core.catalogue import Shelf
from services.recommender.core.exploring import DRAWS
from services.recommender.core.goals import place_of
from services.recommender.core.journeys import Numbers, course
from services.recommender.core.searching import open_rows
from services.recommender.core.selection import STRONGLY_NEGATIVE, Course, best_first, choose
from services.recommender.core.taste import Taste
from services.recommender.core.weights import (
    CHANCE,
    EVERYTHING,
    EXPLORE,
    FIT,
    FIT_DISTANCE,
    GOOD_FOR,
    KINDRED,
    QUALITY,
    SERVES,
    TASTE,
)
from services.recommender.core.wishes import Known, Wish

PER_STEP: Final = 12
"""Candidates for each step of a journey."""
TIER: Final = 64
"""Diversity is sought among so many of the best for as many picks, then among the best that are left, and so on: the
beginning of a list does not depend on its length."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item in its place."""

    id: str
    row: int
    score: float
    """In what was sought: the higher the better; it falls along the list, unless that is a journey."""
    parts: Mapping[str, float]
    """The terms of the score by the name of their weight, e.g. "fit", before diversity."""
    propensity: float | None = None
    """About how probable it was that a list as long as this one would have it, 0..1; None where chance had no part, or
    nobody knows."""
    progress: float | None = None
    """How far along a journey it stands, 0..1."""
    negative: bool = False
    """Strongly so."""
    recycled: bool = False
    """It should rest, but nothing else is left."""


def rank(shelf: Shelf, known: Known, wish: Wish) -> list[Ranked]:
    """At most `wish.count` items of the shelf, the best first; then, if there are fewer, those that rest, the longest
    unseen first. Never one that is excluded or never wanted again. The same arguments give the same list, and a longer
    one of the same begins with it, unless it is a journey."""
    if not shelf.ids:
        return []
    picks = list(_picks(shelf, known, wish))
    if len(picks) == wish.count or not known.resting:
        return picks
    barred = known.never | wish.exclude
    oldest = sorted((at, each) for each, at in known.resting.items() if each not in barred and each in shelf.rows)
    rows = np.array([shelf.rows[each] for _, each in oldest[: wish.count - len(picks)]], dtype=np.intp)
    again = _Scored.of(shelf, known, wish, rows)
    return picks + [again.ranked(n, again.scores[n], recycled=True) for n in range(len(rows))]


def _picks(shelf: Shelf, known: Known, wish: Wish) -> Iterator[Ranked]:
    if wish.goal is Goal.JOURNEY:
        yield from _journey(_Scored.of(shelf, known, wish, open_rows(shelf, known, wish)))
        return
    wanted, run, worth = wish.count, 0, np.inf
    for rows in _portions(shelf, known, wish):
        scored, is_left = _Scored.of(shelf, known, wish, rows), np.ones(len(rows), dtype=np.bool_)
        while is_left.any():
            left = np.flatnonzero(is_left)
            places = left[_tier(scored.scores[left], scored.negative[left])]
            tier = scored.only(places)
            chosen, worths, propensities = tier.choose(min(wanted, TIER, len(places)), run=run)
            for row, gain, propensity in zip(chosen, worths, propensities, strict=True):
                worth = min(worth, gain)
                run = run + 1 if tier.negative[row] else 0
                yield tier.ranked(row, worth, propensity=propensity)
            wanted -= len(chosen)
            if not wanted:
                return
            is_left[places[chosen]] = False


def _portions(shelf: Shelf, known: Known, wish: Wish) -> Iterator[Rows]:
    """The candidates, then, for a list that goes on beyond them, all others."""
    candidates = open_rows(shelf, known, wish)
    yield candidates
    yield np.setdiff1d(open_rows(shelf, known, replace(wish, candidates=EVERYTHING)), candidates)


def _tier(scores: Numbers, negative: Numbers) -> Rows:
    """The places of the best, and of enough that is not strongly negative to end any run."""
    best = best_first(scores, TIER)
    if not negative[best].any():
        return best
    others = np.flatnonzero(~negative)
    places = np.union1d(best, others[best_first(scores[others], TIER)])
    return places[np.argsort(-scores[places], kind="stable")]


def _journey(scored: "_Scored") -> Iterator[Ranked]:
    """The picks of a walk, sorted by how far along it they stand where no way was found without turning back."""
    points = np.array(scored.wish.stops(min(scored.wish.count, len(scored.rows))))
    if not len(points):
        return
    # Nearness to the end alone has no say: each step seeks its own place.
    scored.without("fit")
    worth = scored.scores + scored.way(points).fit
    near_each = np.argpartition(-worth, min(PER_STEP, worth.shape[1] - 1), axis=1)[:, :PER_STEP]
    pool = scored.only(np.union1d(near_each, best_first(worth.max(axis=0), max(TIER, len(points)))))
    way = pool.way(points)
    chosen, worths, _ = pool.choose(len(points), way)
    advance = scored.shelf.affect[pool.rows[chosen]] @ (points[-1] - points[0])
    for place, n in enumerate(np.argsort(advance, kind="stable")):
        pool.parts["fit"][chosen[n]] = way.fit[n, chosen[n]]
        progress = place / max(1, len(points) - 1)
        yield pool.ranked(int(chosen[n]), float(worths[n]), progress=progress)


@dataclass
class _Scored:
    """Some r items of a shelf with the terms of their scores."""

    shelf: Shelf
    known: Known
    wish: Wish
    rows: Rows
    parts: Mapping[str, Numbers]
    """Float32, (r,) each."""
    scores: Numbers

    @classmethod
    def of(cls, shelf: Shelf, known: Known, wish: Wish, rows: Rows) -> "_Scored":
        parts = {name: np.asarray(part, dtype=np.float32) for name, part in _parts(shelf, known, wish, rows)}
        return cls(shelf, known, wish, rows, parts, np.sum(list(parts.values()), axis=0))

    def without(self, name: str) -> None:
        """Leave a part out of the scores."""
        self.scores = self.scores - self.parts[name]

    def only(self, chosen: Rows) -> "_Scored":
        """These of them, by their places."""
        parts = {name: part[chosen] for name, part in self.parts.items()}
        return _Scored(self.shelf, self.known, self.wish, self.rows[chosen], parts, self.scores[chosen])

    def way(self, points: Numbers) -> Course:
        """How each suits the steps of a walk through these points, (steps, 2)."""
        return course(self.shelf.affect[self.rows], points, FIT * self.shelf.is_placed[self.rows])

    @cached_property
    def negative(self) -> Numbers:
        """Whether each is strongly negative."""
        return self.shelf.affect[self.rows, 0] < STRONGLY_NEGATIVE

    def choose(
        self, count: int, way: Course | None = None, run: int = 0
    ) -> tuple[Numbers, Numbers, Sequence[float | None]]:
        """The places of `count` picks, what each was worth, and how probable it was; `run` as of `choose`. Of a walk
        nobody knows how probable: what it is chosen from was found for this draw alone."""
        _, features = self.shelf.columns.dense(self.rows)
        products = features @ features.T
        # What has no feature is like nothing.
        norms = np.sqrt(np.maximum(np.diag(products), np.finfo(products.dtype).tiny))
        scores = np.concatenate([self.scores[None], *([self._drawn()] if way is None else [])])
        picks, worths = choose(scores, products / np.outer(norms, norms), self.negative, count, way, run)
        chosen = picks[:, 0]
        if len(scores) == 1:
            return chosen, worths[:, 0], [None] * count
        hits = np.bincount(picks[:, 1:].ravel(), minlength=len(self.rows))[chosen]
        return chosen, worths[:, 0], [float(each) for each in (hits + 0.5) / (DRAWS + 1)]

    def _drawn(self) -> Numbers:
        """The scores in other draws, (DRAWS, r); (0, r) where there is nothing to explore."""
        if self.known.exploration is None:
            return np.zeros((0, len(self.rows)), dtype=np.float32)
        expected = self.scores - self.parts["explore"] - self.parts["chance"]
        explore = EXPLORE * self.known.exploration.deviations(self.shelf, self.rows, place_of(self.wish.mood))
        return expected + explore + CHANCE * self.shelf.index.other_chances(self.rows, DRAWS)

    def ranked(self, place: int, score: float, **fields: Any) -> Ranked:
        """The item at a place."""
        row = int(self.rows[place])
        parts = {name: float(part[place]) for name, part in self.parts.items()}
        return Ranked(self.shelf.ids[row], row, float(score), parts, negative=bool(self.negative[place]), **fields)


def _parts(shelf: Shelf, known: Known, wish: Wish, rows: Rows) -> Iterator[tuple[str, Numbers]]:
    valence, arousal = shelf.affect[rows].T
    away = (valence - wish.target.valence) ** 2 + (arousal - wish.target.arousal) ** 2
    place, matching = place_of(wish.mood), wish.mood if wish.goal is Goal.MATCH else None
    tastes = [known.taste] if known.exploration is None else [known.taste, known.exploration.draw]
    appeals = appeal(shelf, tastes, place, rows)
    taste, drawn = appeals[0], appeals[-1]
    yield "fit", FIT * shelf.is_placed[rows] / (1.0 + away / FIT_DISTANCE**2)
    yield "quality", QUALITY * shelf.quality[rows]
    yield "serves", SERVES * shelf.serves[wish.goal_served][rows]
    yield "good_for", GOOD_FOR * _suiting(shelf.good_for, rows, wish.mood)
    yield "kindred", KINDRED * _suiting(shelf.kindred, rows, matching)
    yield "taste", TASTE * taste
    yield "explore", EXPLORE * (drawn - taste)
    yield "chance", CHANCE * shelf.index.chance(wish.seed, rows)


def appeal(shelf: Shelf, tastes: Sequence[Taste], place: Affect, rows: Rows) -> Numbers:
    """As `Taste.appeal` of each, for a few rows, fast: (tastes, r)."""
    places, columns, values = shelf.own_columns.of(rows)
    own = [np.bincount(places, values * taste.weights_of(columns, place), len(rows)) for taste in tastes]
    return np.array(own) + np.array([taste.trait_weights(place) for taste in tastes]) @ shelf.traits[rows].T


def _suiting(indicators: Numbers, rows: Rows, mood: Mood | None) -> Numbers:
    if mood is None or len(mood.probabilities) != len(EMOTIONS) or not len(indicators):
        return np.zeros(len(rows), dtype=np.float32)
    return indicators[rows] @ np.array(mood.probabilities, dtype=np.float32)
