from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.emotion import EMOTIONS
from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind
from services.recommender.core.catalogue import Catalogue, Shelf
from services.recommender.core.goals import place_of
from services.recommender.core.opinions import Opinion, verdicts
from services.recommender.core.ranking import Ranked, rank
from services.recommender.core.rest import never_again
from services.recommender.core.taste import Taste, learn_taste
from services.recommender.core.wishes import Known, Wish, seed_of
from tests.recommender.support import NOON, facts, mood, opinion, shelf_of

LIKE, DISLIKE = FeedbackAction.LIKE, FeedbackAction.DISLIKE
EMOTION_STATES = [MoodState(emotion) for emotion in EMOTIONS]
STAYING = [goal for goal in Goal if goal is not Goal.JOURNEY]


def no_taste(catalogue: Catalogue) -> Taste:
    return learn_taste(catalogue, [])


def ranked(
    catalogue: Catalogue, kind: Kind = Kind.MUSIC, opinions: Sequence[Opinion] = (), **wish: Any
) -> list[Ranked]:
    taste = learn_taste(catalogue, opinions)
    known = Known(taste, never_again(verdicts(catalogue, opinions)))
    fields: dict[str, Any] = {"count": 10, "goal": Goal.MATCH, **wish}
    return rank(catalogue.shelves[kind], known, Wish(**fields))


def ids(picks: Sequence[Ranked]) -> list[str]:
    return [pick.id for pick in picks]


def distances(shelf: Shelf, wish: Wish) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.linalg.norm(shelf.affect - np.array(wish.target), axis=1)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("goal", STAYING)
@pytest.mark.parametrize("state", EMOTION_STATES)
def test_the_top_ten_lie_nearer_to_the_target_than_the_catalogue(
    starter: Catalogue, kind: Kind, goal: Goal, state: MoodState
):
    shelf, wish = starter.shelves[kind], Wish(count=10, goal=goal, mood=mood(state))
    all_distances = distances(shelf, wish)
    picked = [all_distances[pick.row] for pick in rank(shelf, Known(no_taste(starter)), wish)]
    assert np.mean(picked) < np.median(all_distances)


@pytest.mark.parametrize("kind", list(Kind))
def test_without_a_mood_the_picks_are_good_and_none_comes_twice(starter: Catalogue, kind: Kind):
    picks = ranked(starter, kind)
    assert len(set(ids(picks))) == 10
    shelf = starter.shelves[kind]
    assert np.mean([shelf.affect[pick.row][0] for pick in picks]) > 0


@given(data=st.data())
@settings(max_examples=30)
def test_a_disliked_item_is_gone_and_scores_fall_along_the_list(starter: Catalogue, data: st.DataObject):
    kind = data.draw(st.sampled_from(Kind))
    wish: dict[str, Any] = {
        "mood": mood(data.draw(st.sampled_from(MoodState))),
        "goal": data.draw(st.sampled_from(STAYING)),
    }
    disliked = data.draw(st.sampled_from(ids(ranked(starter, kind, **wish))))
    after = ranked(starter, kind, [opinion(disliked, DISLIKE)], **wish)
    assert disliked not in ids(after)
    assert len(after) == 10
    scores = [pick.score for pick in after]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("genre", ["jazz", "rock", "electronic", "hip hop", "folk", "classical"])
@pytest.mark.parametrize("state", [MoodState.HAPPY, MoodState.SAD, MoodState.NEUTRAL])
def test_after_likes_of_a_genre_there_is_more_of_it(starter: Catalogue, genre: str, state: MoodState):
    shelf = starter.shelves[Kind.MUSIC]
    column = starter.vocabulary.index(("genre", genre))
    of_genre = set(map(int, np.flatnonzero(shelf.features[:, [column]].toarray().ravel())))
    likes = [opinion(shelf.ids[row], LIKE, minute) for minute, row in enumerate(sorted(of_genre)[:4])]
    before, after = (ranked(starter, opinions=given, mood=mood(state), count=20) for given in ((), likes))
    share = [sum(pick.row in of_genre for pick in picks) for picks in (before, after)]
    assert share[1] > share[0]


def test_what_is_like_a_disliked_item_sinks():
    catalogue = shelf_of(
        *(facts(f"metal-{n}", genres=["metal"]) for n in range(5)),
        *(facts(f"jazz-{n}", genres=["jazz"]) for n in range(5)),
    )
    picks = ids(ranked(catalogue, opinions=[opinion("metal-0", DISLIKE)], count=5))
    assert all(pick.startswith("jazz") for pick in picks)


def test_a_better_rating_comes_first_and_few_votes_count_for_less():
    rated = [
        facts("praised", rating=9.0, votes=500_000),
        facts("hyped", rating=9.5, votes=3),
        facts("poor", rating=5.0),
    ]
    catalogue = shelf_of(*rated, *(facts(f"usual-{n}", rating=7.0, votes=100_000) for n in range(9)))
    order = ids(ranked(catalogue, count=12))
    assert order.index("praised") < order.index("hyped")
    assert order[-1] == "poor"


@pytest.mark.parametrize("goal", [Goal.MATCH, Goal.JOURNEY])
def test_what_nothing_is_known_of_fits_no_mood(goal: Goal):
    middle = place_of(mood(MoodState.NEUTRAL))
    bare = [facts(f"bare-{n:03}", affect=middle, genres=["indie"], rating=7.0, is_placed=False) for n in range(700)]
    near = [facts(f"near-{n}", affect=(0.3, n / 50), genres=["indie"], rating=7.0) for n in range(20)]
    picks = ranked(shelf_of(*bare, *near), mood=mood(MoodState.NEUTRAL), goal=goal, destination=Goal.LIFT)
    assert all(pick.id.startswith("near") for pick in picks)


def test_an_activity_that_helps_with_the_emotion_comes_first():
    catalogue = shelf_of(facts("other", Kind.WELLBEING), facts("helps", Kind.WELLBEING, good_for=["sad"]))
    assert ids(ranked(catalogue, Kind.WELLBEING, mood=mood(MoodState.SAD), goal=Goal.CALM))[0] == "helps"


def test_a_song_of_a_cluster_that_suits_the_emotion_comes_first_when_matching():
    catalogue = shelf_of(facts("other"), facts("kindred", cluster_emotions=["sad"]))
    assert ids(ranked(catalogue, mood=mood(MoodState.SAD)))[0] == "kindred"


def test_a_tag_that_serves_the_goal_comes_first():
    catalogue = shelf_of(facts("other", tags=["brassy"]), facts("serves", tags=["soothing"]))
    assert ids(ranked(catalogue, goal=Goal.CALM))[0] == "serves"


def test_near_equals_are_mixed():
    alike = [facts(f"same-{n}", genres=["pop"], creators=["One"], rating=8.0) for n in range(6)]
    catalogue = shelf_of(*alike, facts("different", genres=["folk"], creators=["Two"], rating=7.5))
    assert "different" in ids(ranked(catalogue, count=3))


def test_the_same_state_gives_the_same_list_and_another_seed_another_one(starter: Catalogue):
    same = [ids(ranked(starter, seed=seed_of(0, "ada"))) for _ in range(2)]
    assert same[0] == same[1]
    assert ids(ranked(starter, seed=seed_of(0, "grace"))) != same[0]


def test_what_is_excluded_stays_out_even_if_nothing_is_left():
    catalogue = shelf_of(facts("only"))
    assert ranked(catalogue, exclude=frozenset({"only"})) == []
    assert ranked(catalogue, exclude=frozenset({"unknown"}))[0].id == "only"


@pytest.mark.parametrize("count", [1, 10, 100])
def test_a_catalogue_of_nothing_or_of_one_item_gives_what_it_has(count: int):
    assert ranked(shelf_of(), count=count) == []
    assert ids(ranked(shelf_of(facts("only")), count=count)) == ["only"]


def test_when_nothing_new_is_left_the_longest_unseen_come_back_and_say_so():
    catalogue = shelf_of(*(facts(name) for name in ("new", "old", "older", "never")))
    met = {"old": NOON - timedelta(hours=1), "older": NOON - timedelta(hours=2), "never": NOON - timedelta(hours=3)}
    known = Known(no_taste(catalogue), frozenset({"never"}), met)
    picks = rank(catalogue.shelves[Kind.MUSIC], known, Wish(count=10, goal=Goal.MATCH))
    assert ids(picks) == ["new", "older", "old"]
    assert [pick.recycled for pick in picks] == [False, True, True]
