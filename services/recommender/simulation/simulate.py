"""Lets simulated people live with each ranker, one item after the other, and counts what pleased them.

Ours answers and learns through the `Recommender` and a database of its own, as the running service does. It sees the
mood as a camera would: now and then it is another.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from contracts.mood import Mood, MoodState
from contracts.recommendation import FeedbackAction, Kind
from servicekit.database import Database, open_engine
from services.recommender.catalogue_store import load_catalogue
from services.recommender.core.catalogue import Floats, Shelf
from services.recommender.core.corrections import mood_for
from services.recommender.core.goals import default_goal, target
from services.recommender.core.rest import RestPolicy
from services.recommender.lists import Policy, Request
from services.recommender.migration import prepare_database
from services.recommender.people_store import Feedback
from services.recommender.priors import load_priors
from services.recommender.recommender import Recommender
from services.recommender.simulation.people import BEGIN, EMOTIONAL, SimulatedPerson, simulated_people

KINDS: Final = (Kind.MUSIC, Kind.MOVIE)
INTERACTIONS: Final = 40
PEOPLE: Final = 30
OTHERS: Final = 200
"""People whose answers popularity knows."""
MISREAD: Final = 0.1
"""How often another mood is detected than the person has."""
STEP: Final = timedelta(minutes=40)
"""From one item to the next: another sitting."""
POLICY: Final = Policy(seed=0, sitting=timedelta(minutes=30), rest=RestPolicy(timedelta(hours=12), timedelta(hours=24)))

Choose = Callable[[int, Mood, frozenset[str]], str]
"""The item for the n-th interaction of somebody in a detected mood, who has met some already."""
Learn = Callable[[int, str, FeedbackAction, float | None, Mood], None]


@dataclass(frozen=True)
class Ranker:
    """Something that chooses for one person."""

    choose: Choose
    learn: Learn | None = None


@dataclass(frozen=True)
class Curve:
    """What one ranker gave the people of one kind."""

    reward: Sequence[float]
    """How probably the item of each interaction pleased, on average, 0..1."""
    regret: Sequence[float]
    """How much probability was missed until each interaction, beside always choosing the best item left."""


def simulate(people: int = PEOPLE, interactions: int = INTERACTIONS, seed: int = 0) -> dict[Kind, dict[str, Curve]]:
    """Every ranker's curves for each kind, on the starter catalogue."""
    with starter_database() as database:
        return {kind: _of_kind(database, kind, people, interactions, seed) for kind in KINDS}


@contextmanager
def starter_database() -> Generator[Database]:
    """A database of its own that holds the starter catalogue."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'starter.db'}"
        prepare_database(url)
        engine = open_engine(url)
        try:
            yield Database(engine)
        finally:
            engine.dispose()


def _of_kind(database: Database, kind: Kind, people: int, interactions: int, seed: int) -> dict[str, Curve]:
    with database.reading() as connection:
        shelf = load_catalogue(connection, load_priors()).shelves[kind]
    rng = np.random.default_rng(seed)
    others = simulated_people(shelf, OTHERS, rng)
    tested = simulated_people(shelf, people, rng)
    rankers = _rankers(database, kind, shelf, others)
    lives = {
        name: [_live(shelf, person, make(f"{kind}-{n}"), interactions, [seed, n]) for n, person in enumerate(tested)]
        for name, make in rankers.items()
    }
    return {name: _curve(np.array(each)) for name, each in lives.items()}


def _live(shelf: Shelf, person: SimulatedPerson, ranker: Ranker, interactions: int, seed: Sequence[int]) -> Floats:
    """The probability that each item pleased, and that the best one left would have: (interactions, 2)."""
    rng = np.random.default_rng(seed)
    met: set[int] = set()
    lived = np.zeros((interactions, 2))
    for step in range(interactions):
        state = person.moods[int(rng.integers(len(person.moods)))]
        detected = EMOTIONAL[int(rng.integers(len(EMOTIONAL)))] if rng.random() < MISREAD else state
        mood = mood_for(detected, BEGIN)
        row = shelf.rows[ranker.choose(step, mood, frozenset(shelf.ids[each] for each in met))]
        lived[step] = person.pleased[state][row], np.delete(person.pleased[state], list(met)).max()
        met.add(row)
        answer = person.answer(row, state, rng)
        if ranker.learn:
            ranker.learn(step, shelf.ids[row], *answer, mood)
    return lived


def _curve(lives: Floats) -> Curve:
    reward, best = lives.mean(axis=0).T
    return Curve(reward.round(4).tolist(), np.cumsum(best - reward).round(4).tolist())


def _rankers(
    database: Database, kind: Kind, shelf: Shelf, others: Sequence[SimulatedPerson]
) -> Mapping[str, Callable[[str], Ranker]]:
    popular = np.mean([pleased for person in others for pleased in person.pleased.values()], axis=0)
    place = {state: np.array(target(mood := mood_for(state, BEGIN), default_goal(mood))) for state in EMOTIONAL}
    near = {state: -np.linalg.norm(shelf.affect - point, axis=1) for state, point in place.items()}
    return {
        "ours": lambda user_id: _ours(database, kind, user_id),
        "popularity": lambda _: _fixed(shelf, lambda _: popular),
        "static": lambda _: _fixed(shelf, near.__getitem__),
        "random": lambda user_id: _fixed(shelf, _chances(shelf, user_id)),
    }


def _chances(shelf: Shelf, user_id: str) -> Callable[[MoodState], Floats]:
    rng = np.random.default_rng(list(user_id.encode()))
    return lambda _: rng.random(len(shelf.ids))


def _fixed(shelf: Shelf, scores: Callable[[MoodState], Floats]) -> Ranker:
    """Chooses what has the highest score and was not met yet; learns nothing."""

    def choose(_step: int, mood: Mood, met: frozenset[str]) -> str:
        order = map(int, np.argsort(-scores(mood.state), kind="stable"))
        return next(shelf.ids[row] for row in order if shelf.ids[row] not in met)

    return Ranker(choose)


def _ours(database: Database, kind: Kind, user_id: str) -> Ranker:
    now = [BEGIN]

    def clock() -> datetime:
        return now[0]

    recommender = Recommender(database, POLICY, clock, load_priors())

    def choose(step: int, mood: Mood, met: frozenset[str]) -> str:
        now[0] = BEGIN + step * STEP
        request = Request(user_id, 1, mood, exclude=met)
        return recommender.recommend(request, kind).picks[0].item.id

    def learn(step: int, item_id: str, action: FeedbackAction, progress: float | None, mood: Mood) -> None:
        told = None if action in (FeedbackAction.LIKE, FeedbackAction.DISLIKE) else progress
        recommender.give_feedback(Feedback(user_id, item_id, action, str(step), clock(), told), mood)

    return Ranker(choose, learn)
