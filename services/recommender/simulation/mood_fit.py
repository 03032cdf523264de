"""Measures how well the lists of somebody unknown fit their mood, for every emotion, goal and kind."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from contracts.mood import MoodState
from contracts.recommendation import Goal, Kind
from services.recommender.core.catalogue import Catalogue, Floats, Shelf
from services.recommender.core.corrections import mood_for
from services.recommender.core.goals import DESTINATIONS, place_of
from services.recommender.core.journeys import MIN_TRAVEL
from services.recommender.core.ranking import Ranked, rank
from services.recommender.core.selection import STRONGLY_NEGATIVE
from services.recommender.core.taste import learn_taste
from services.recommender.core.wishes import Known, Wish
from services.recommender.simulation.people import BEGIN

LENGTH: Final = 10
STATES: Final = tuple(state for state in MoodState if state is not MoodState.ABSENT)


class Fit(NamedTuple):
    """Of one list."""

    kind: Kind
    mood: MoodState
    goal: Goal
    valence: float
    """The share of the ten best whose valence is nearer the target than the median of the shelf's, 0..1."""
    arousal: float
    negative_run: int
    """The most strongly negative picks in a row."""


class Walk(NamedTuple):
    """Of one journey."""

    kind: Kind
    mood: MoodState
    destination: Goal
    forward: float
    """The share of steps that do not turn back in valence, nor in arousal, where it has a way to go there."""


def fits(catalogue: Catalogue) -> list[Fit]:
    """Every emotion and goal on every shelf."""
    goals = [goal for goal in Goal if goal is not Goal.JOURNEY]
    wishes = [(state, Wish(LENGTH, goal, mood_for(state, BEGIN))) for state in STATES for goal in goals]
    return [_fit(kind, shelf, catalogue, *wish) for kind, shelf in _shelves(catalogue) for wish in wishes]


def walks(catalogue: Catalogue) -> list[Walk]:
    """Every emotion and destination on every shelf."""
    wishes = [
        (state, Wish(LENGTH, Goal.JOURNEY, mood_for(state, BEGIN), destination=goal))
        for state in STATES
        for goal in DESTINATIONS
    ]
    return [_walk(kind, shelf, catalogue, *wish) for kind, shelf in _shelves(catalogue) for wish in wishes]


def _shelves(catalogue: Catalogue) -> Iterator[tuple[Kind, Shelf]]:
    return ((kind, shelf) for kind, shelf in catalogue.shelves.items() if len(shelf.ids) >= 2 * LENGTH)


def _places(shelf: Shelf, catalogue: Catalogue, wish: Wish) -> Floats:
    picks: Sequence[Ranked] = rank(shelf, Known(learn_taste(catalogue, [])), wish)
    return shelf.affect[[pick.row for pick in picks]]


def _fit(kind: Kind, shelf: Shelf, catalogue: Catalogue, state: MoodState, wish: Wish) -> Fit:
    places, point = _places(shelf, catalogue, wish), np.array(wish.target)
    nearer = np.abs(places - point) <= np.median(np.abs(shelf.affect - point), axis=0)
    valence, arousal = map(float, nearer.mean(axis=0))
    return Fit(
        kind,
        state,
        wish.goal,
        valence,
        arousal,
        _longest_run([float(valence) < STRONGLY_NEGATIVE for valence in places[:, 0]]),
    )


def _walk(kind: Kind, shelf: Shelf, catalogue: Catalogue, state: MoodState, wish: Wish) -> Walk:
    places = _places(shelf, catalogue, wish)
    travel = np.array(wish.target) - np.array(place_of(wish.mood))
    axes = np.abs(travel) >= MIN_TRAVEL
    strides = np.diff(places, axis=0)[:, axes] * np.sign(travel[axes])
    return Walk(kind, state, wish.goal_served, float((strides >= 0).all(axis=1).mean()))


def _longest_run(is_so: Sequence[bool]) -> int:
    longest = run = 0
    for each in is_so:
        run = run + 1 if each else 0
        longest = max(longest, run)
    return longest
