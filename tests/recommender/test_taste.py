import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.recommendation import FeedbackAction, Kind
from services.recommender.core.catalogue import Catalogue
from services.recommender.core.taste import learn_taste, verdicts
from tests.recommender.support import facts, opinion, shelf_of

LIKE, DISLIKE, SKIP = FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SKIP
PLAY, FINISH, SAVE = FeedbackAction.PLAY, FeedbackAction.FINISH, FeedbackAction.SAVE


@pytest.fixture
def catalogue() -> Catalogue:
    return shelf_of(
        facts("a", genres=["jazz"], creators=["Ada"]),
        facts("b", genres=["jazz"], creators=["Bo"], affect=(-0.8, 0.9)),
        facts("c", genres=["metal"], creators=["Ada"], affect=(-0.8, 0.9)),
        facts("d", genres=["polka"], creators=["Di"], affect=(-0.8, -0.9)),
        facts("film", Kind.MOVIE, genres=["jazz"], affect=(-0.8, 0.9)),
    )


def appeal(catalogue: Catalogue, *opinions: tuple[str, FeedbackAction], kind: Kind = Kind.MUSIC) -> dict[str, float]:
    taste = learn_taste(catalogue, [opinion(item, action, minute) for minute, (item, action) in enumerate(opinions)])
    shelf = catalogue.shelves[kind]
    return dict(zip(shelf.ids, taste.appeal(shelf), strict=True))


def test_nothing_said_means_nothing_known(catalogue: Catalogue):
    assert set(appeal(catalogue).values()) == {0.0}


def test_what_is_like_a_liked_item_rises_and_the_rest_stays(catalogue: Catalogue):
    liked = appeal(catalogue, ("a", LIKE))
    assert liked["a"] > liked["c"] > liked["b"] > liked["d"] == pytest.approx(0)


def test_what_is_like_a_disliked_item_sinks(catalogue: Catalogue):
    disliked = appeal(catalogue, ("a", DISLIKE))
    assert disliked["a"] < disliked["c"] < disliked["b"] < disliked["d"] == pytest.approx(0)


def test_a_taste_carries_over_to_other_kinds(catalogue: Catalogue):
    assert appeal(catalogue, ("a", LIKE), kind=Kind.MOVIE)["film"] > 0


def test_actions_speak_in_order(catalogue: Catalogue):
    each = {action: appeal(catalogue, ("a", action))["a"] for action in FeedbackAction}
    assert sorted(each, key=lambda action: -each[action]) == [LIKE, SAVE, FINISH, PLAY, SKIP, DISLIKE]


def test_what_was_said_counts_before_what_was_done_and_the_newer_before_the_older(catalogue: Catalogue):
    said = [opinion("a", LIKE, 0), opinion("a", SKIP, 5)]
    assert [verdict.action for verdict in verdicts(catalogue, said)] == [LIKE]
    changed = [opinion("a", LIKE, 0), opinion("a", DISLIKE, 5)]
    assert [verdict.action for verdict in verdicts(catalogue, changed)] == [DISLIKE]


def test_an_opinion_on_an_item_that_is_gone_is_left_out(catalogue: Catalogue):
    assert verdicts(catalogue, [opinion("gone", LIKE)]) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(FeedbackAction)), max_size=8))
def test_the_same_opinions_give_the_same_finite_taste_in_any_order(opinions: list[tuple[str, FeedbackAction]]):
    catalogue = shelf_of(*(facts(name, genres=[name, "shared"]) for name in "abcd"))
    given_at = [opinion(item, action, minute) for minute, (item, action) in enumerate(opinions)]
    forwards, backwards = learn_taste(catalogue, given_at), learn_taste(catalogue, given_at[::-1])
    assert np.isfinite(forwards.weights).all()
    np.testing.assert_allclose(forwards.weights, backwards.weights)
