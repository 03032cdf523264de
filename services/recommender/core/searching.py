"""Finds the rows of a shelf that a list is chosen from."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from contracts.recommendation import Goal
from services.recommender.core.candidates import Rows
from services.recommender.core.catalogue import Shelf
from services.recommender.core.goals import place_of
from services.recommender.core.leanings import Leanings
from services.recommender.core.wishes import Known, Wish

PER_FEATURE: Final = 96
"""Candidates for one feature that the person leans to."""
STRONGEST: Final = 48
"""Features of a person that bring candidates."""
STRONGEST_ON_THE_WAY: Final = 24
"""At each stop of a journey."""
STOPS: Final = 6
"""Places on a journey where candidates are sought."""
BY_CHANCE: Final = 64
WHOLE: Final = 2
"""A shelf of up to so many times what is wanted is scored whole."""


def closed_rows(shelf: Shelf, barred: Iterable[str]) -> Rows:
    """Where a shelf has these items, those that it has."""
    return np.array([shelf.rows[each] for each in barred if each in shelf.rows], dtype=np.intp)


def open_rows(shelf: Shelf, known: Known, wish: Wish) -> Rows:
    """The candidates, ascending: nothing excluded, resting or never wanted again."""
    closed = closed_rows(shelf, {*known.never, *(known.resting or ())}) if known.closed is None else known.closed
    if wish.exclude:
        closed = np.concatenate([closed, closed_rows(shelf, wish.exclude)])
    rows = _found(shelf, known, wish, len(closed))
    places = np.searchsorted(rows, closed)
    is_there = places < len(rows)
    return np.delete(rows, places[is_there][rows[places[is_there]] == closed[is_there]])


def _found(shelf: Shelf, known: Known, wish: Wish, closed: int) -> Rows:
    size = len(shelf.ids)
    # What is closed may be what is nearest: look for more, in portions, so that others' answers still serve.
    wanted = wish.candidates * (1 + -(-closed // wish.candidates)) if wish.candidates else size
    if WHOLE * wanted >= size:
        return np.arange(size)
    found = np.sort(np.concatenate(list(_candidates(shelf, known, wish, wanted))))
    return found[np.diff(found, prepend=-1) > 0]


def _candidates(shelf: Shelf, known: Known, wish: Wish, wanted: int) -> Iterator[Rows]:
    leanings = known.leanings or Leanings.of(shelf, known.taste, known.exploration)
    is_walk = wish.goal is Goal.JOURNEY
    columns = leanings.strongest(place_of(wish.mood), STRONGEST_ON_THE_WAY if is_walk else STRONGEST)
    for point in wish.stops(STOPS) if is_walk else [wish.target]:
        yield shelf.index.best(point, wish.goal_served, wanted // 2 if is_walk else wanted)
        yield from shelf.index.best_with(columns, point, wish.goal_served, PER_FEATURE)
    if wish.goal is Goal.MATCH:
        yield shelf.index.bearable(wish.target, wish.goal, wanted // 4)
    yield shelf.index.any(wish.seed, BY_CHANCE)
