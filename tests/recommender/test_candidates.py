"""What the candidate stage loses against scoring every item."""

from dataclasses import replace

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind
from services.recommender.core.catalogue import Catalogue, ItemFacts
from services.recommender.core.exploring import Exploration
from services.recommender.core.opinions import Opinion
from services.recommender.core.ranking import rank
from services.recommender.core.taste import learn_taste
from services.recommender.core.weights import EVERYTHING
from services.recommender.core.wishes import Known, Wish
from tests.recommender.support import NOON, facts, mood, shelf_of

SONGS = 20_000
MIN_RECALL = 0.95
MIN_JOURNEY_RECALL = 0.85
MIN_RECALL_OF_DRAWS = 0.9
GOALS = [goal for goal in Goal if goal is not Goal.JOURNEY]


def song(n: int, draw: np.random.Generator) -> ItemFacts:
    genres = draw.zipf(1.5, size=2) % 40
    return facts(
        f"song-{n:05}",
        affect=(draw.uniform(-1, 1), draw.uniform(-1, 1)),
        genres=[f"genre {genre}" for genre in sorted(set(genres.tolist()))],
        creators=[f"artist {draw.integers(SONGS // 8)}"],
        rating=float(np.clip(draw.normal(6.5, 1), 0, 10)),
        votes=int(10 ** draw.uniform(0, 6)),
    )


@pytest.fixture(scope="module")
def made_up() -> Catalogue:
    draw = np.random.default_rng(0)
    return shelf_of(*(song(n, draw) for n in range(SONGS)))


def somebody(catalogue: Catalogue, seed: int) -> Known:
    """Who likes 15 songs and dislikes 5."""
    ids = np.random.default_rng(seed).choice(catalogue.shelves[Kind.MUSIC].ids, 20, replace=False)
    said = [FeedbackAction.DISLIKE if n % 4 == 3 else FeedbackAction.LIKE for n in range(20)]
    opinions = [Opinion(str(each), action, NOON) for each, action in zip(ids, said, strict=True)]
    return Known(learn_taste(catalogue, opinions))


def recall(catalogue: Catalogue, known: Known, wish: Wish) -> float:
    shelf = catalogue.shelves[Kind.MUSIC]
    found, best = (
        {pick.id for pick in rank(shelf, known, each)} for each in (wish, replace(wish, candidates=EVERYTHING))
    )
    return len(found & best) / len(best)


@pytest.mark.parametrize("goal", list(Goal))
def test_the_ten_best_of_many_are_nearly_always_among_the_candidates(made_up: Catalogue, goal: Goal):
    wishes = [Wish(count=10, goal=goal, mood=mood(MoodState(emotion)), seed=1) for emotion in EMOTIONS]
    people = [Known(learn_taste(made_up, [])), *(somebody(made_up, seed) for seed in range(2))]
    found = np.mean([recall(made_up, known, wish) for known in people for wish in wishes])
    assert found >= (MIN_JOURNEY_RECALL if goal is Goal.JOURNEY else MIN_RECALL)


def test_of_a_small_catalogue_everything_is_a_candidate(starter: Catalogue):
    wishes = [Wish(count=10, goal=goal, mood=mood(MoodState(emotion))) for goal in Goal for emotion in EMOTIONS]
    known = somebody(starter, 0)
    assert min(recall(starter, known, wish) for wish in wishes) == 1.0


def test_even_the_starter_catalogue_can_be_searched_by_candidates(starter: Catalogue):
    wishes = [Wish(10, goal, mood(MoodState(emotion)), candidates=100) for goal in GOALS for emotion in EMOTIONS]
    known = somebody(starter, 0)
    assert np.mean([recall(starter, known, wish) for wish in wishes]) >= MIN_RECALL


def test_an_item_that_nobody_has_rated_can_be_among_the_best():
    old = [facts(f"old-{n}", affect=(0.7, 0.4), rating=7.0, votes=100_000) for n in range(2000)]
    catalogue = shelf_of(*old, facts("new", affect=(0.7, 0.4), genres=["uplifting"]))
    picks = rank(catalogue.shelves[Kind.MUSIC], Known(learn_taste(catalogue, [])), Wish(count=10, goal=Goal.LIFT))
    assert "new" in {pick.id for pick in picks}


def test_what_is_closed_makes_room_for_others():
    alike = [facts(f"song-{n:04}", affect=(0.7, 0.4)) for n in range(2000)]
    catalogue = shelf_of(*alike)
    closed = frozenset(each.id for each in alike[:900])
    picks = rank(
        catalogue.shelves[Kind.MUSIC], Known(learn_taste(catalogue, []), never=closed), Wish(count=100, goal=Goal.LIFT)
    )
    assert len({pick.id for pick in picks} - closed) == 100


def test_most_of_what_a_draw_puts_first_is_among_the_candidates(made_up: Catalogue):
    wishes = [
        Wish(count=10, goal=goal, mood=mood(MoodState(emotion)), seed=1) for goal in GOALS for emotion in EMOTIONS
    ]
    tastes = [somebody(made_up, seed).taste for seed in range(2)]
    explorers = [Known(each, exploration=Exploration.of(each, np.random.default_rng(3))) for each in tastes]
    found = np.mean([recall(made_up, known, wish) for known in explorers for wish in wishes])
    assert found >= MIN_RECALL_OF_DRAWS
