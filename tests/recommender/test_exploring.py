"""Thompson sampling and how probable a pick was."""

from collections import defaultdict

import numpy as np

from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind
from services.recommender.core.catalogue import Catalogue
from services.recommender.core.exploring import Exploration
from services.recommender.core.ranking import Ranked, rank
from services.recommender.core.taste import Taste, learn_taste
from services.recommender.core.wishes import Known, Wish
from tests.recommender.support import facts, mood, opinion, shelf_of


def explorer(taste: Taste, seed: int) -> Known:
    return Known(taste, exploration=Exploration.of(taste, np.random.default_rng(seed)))


def sitting(catalogue: Catalogue, taste: Taste, seed: int) -> list[Ranked]:
    wish = Wish(count=10, goal=Goal.MATCH, mood=mood(MoodState.SAD), seed=seed)
    return rank(catalogue.shelves[Kind.MUSIC], explorer(taste, seed), wish)


def test_a_sitting_is_the_same_every_time_and_another_one_differs(starter: Catalogue):
    taste = learn_taste(starter, [])
    assert sitting(starter, taste, 1) == sitting(starter, taste, 1)
    assert {pick.id for pick in sitting(starter, taste, 1)} != {pick.id for pick in sitting(starter, taste, 2)}


def test_propensities_are_about_how_often_a_pick_is_on_the_list(starter: Catalogue):
    taste = learn_taste(starter, [opinion(each, FeedbackAction.LIKE) for each in starter.shelves[Kind.MUSIC].ids[:5]])
    lists = [sitting(starter, taste, seed) for seed in range(150)]
    said: defaultdict[str, list[float]] = defaultdict(list)
    for pick in (pick for picks in lists for pick in picks):
        said[pick.id].append(pick.propensity or 0.0)
    told = np.array([np.mean(each) for each in said.values()])
    often = np.array([np.mean([item_id in {pick.id for pick in picks} for picks in lists]) for item_id in said])
    assert np.abs(told - often).mean() < 0.08
    assert np.corrcoef(told, often)[0, 1] > 0.85


def test_what_is_known_well_is_explored_less():
    songs = [facts(f"song-{n}", genres=["jazz"], creators=["Ada"]) for n in range(30)]
    catalogue = shelf_of(*songs)
    shelf, rows = catalogue.shelves[Kind.MUSIC], np.arange(30)
    place = mood(MoodState.NEUTRAL)

    def spread(liked: int) -> float:
        taste = learn_taste(catalogue, [opinion(f"song-{n}", FeedbackAction.LIKE) for n in range(liked)])
        drawn = Exploration.of(taste, np.random.default_rng(0)).deviations(shelf, rows, (place.valence, place.arousal))  # pyright: ignore[reportArgumentType]
        return float(drawn.std(axis=0).mean())

    assert spread(20) < 0.5 * spread(0)


def test_without_exploration_there_is_no_propensity(starter: Catalogue):
    picks = rank(starter.shelves[Kind.MUSIC], Known(learn_taste(starter, [])), Wish(count=3, goal=Goal.LIFT))
    assert [pick.propensity for pick in picks] == [None] * 3
