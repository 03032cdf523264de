"""A catalogue so large that what is nearest to a mood leaves no room for anything else."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from contracts.emotion import Affect
from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind
from services.recommender.core.catalogue import Catalogue, ItemFacts
from services.recommender.core.exploring import Exploration
from services.recommender.core.ranking import rank
from services.recommender.core.selection import MAX_NEGATIVE_RUN, STRONGLY_NEGATIVE
from services.recommender.core.taste import Taste, learn_taste
from services.recommender.core.wishes import Known, Wish
from tests.recommender.support import NOON, longest_run, mood, opinion, shelf_of

SONGS = 100_000
UNPLEASANT = [MoodState.SAD, MoodState.DISGUST, MoodState.FEAR]
song = partial(
    ItemFacts, kind=Kind.MUSIC, tags=(), creators=(), votes=None, good_for=(), cluster="", cluster_emotions=()
)


@pytest.fixture(scope="module")
def made_up() -> Catalogue:
    draw = np.random.default_rng(0)
    places = map(Affect._make, draw.uniform(-1, 1, (SONGS, 2)).tolist())
    genres, ratings = (draw.zipf(1.5, SONGS) % 40).tolist(), draw.normal(6.5, 1.0, SONGS).clip(0, 10).tolist()
    facts = zip(places, genres, ratings, strict=True)
    return shelf_of(
        *(
            song(id=f"song-{n}", affect=affect, genres=(f"genre {genre}",), rating=rating)
            for n, (affect, genre, rating) in enumerate(facts)
        )
    )


def test_a_list_goes_on_where_its_candidates_end():
    places = map(Affect._make, np.random.default_rng(0).uniform(0.3, 0.4, (4000, 2)).tolist())
    alike = shelf_of(
        *(song(id=f"song-{n}", affect=affect, genres=("jazz",), rating=None) for n, affect in enumerate(places))
    )
    taste, met = of_a_stranger(alike), {f"song-{n}": NOON for n in range(0, 4000, 40)}
    known = Known(taste, resting=met, exploration=Exploration.of(taste, np.random.default_rng(1)))

    def listed(count: int) -> list[str]:
        picks = rank(alike.shelves[Kind.MUSIC], known, Wish(count, Goal.MATCH, mood(MoodState.HAPPY), seed=1))
        return [pick.id for pick in picks]

    assert len(set(listed(1000)) - set(met)) == 1000
    assert listed(1000)[:100] == listed(100)


def of_a_stranger(catalogue: Catalogue) -> Taste:
    return learn_taste(catalogue, [])


def of_one_who_likes_dark_songs(catalogue: Catalogue) -> Taste:
    shelf = catalogue.shelves[Kind.MUSIC]
    dark = np.flatnonzero(shelf.affect[:, 0] < STRONGLY_NEGATIVE)[:20]
    return learn_taste(catalogue, [opinion(shelf.ids[int(row)], FeedbackAction.LIKE) for row in dark])


def dark_run(catalogue: Catalogue, taste: Taste, wish: Wish) -> int:
    shelf = catalogue.shelves[Kind.MUSIC]
    known = Known(taste, exploration=Exploration.of(taste, np.random.default_rng(1)))
    picks = rank(shelf, known, wish)
    assert len(picks) == wish.count
    return longest_run(shelf.affect[pick.row][0] < STRONGLY_NEGATIVE for pick in picks)


@pytest.mark.parametrize("goal", [Goal.MATCH, Goal.JOURNEY])
@pytest.mark.parametrize("state", UNPLEASANT)
@pytest.mark.parametrize("taste_of", [of_a_stranger, of_one_who_likes_dark_songs])
def test_strongly_negative_songs_never_run_on(
    made_up: Catalogue, taste_of: Callable[[Catalogue], Taste], state: MoodState, goal: Goal
):
    taste = taste_of(made_up)
    for count in (10, 100):
        assert dark_run(made_up, taste, Wish(count, goal, mood(state), seed=1)) <= MAX_NEGATIVE_RUN
