from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.emotion import CIRCUMPLEX, Affect, Emotion
from contracts.recommendation import FeedbackAction, Kind, TasteWord
from services.recommender.core.catalogue import Catalogue, Feature
from services.recommender.core.contexts import context
from services.recommender.core.opinions import Opinion, Spoken, verdicts
from services.recommender.core.prior import PLAIN
from services.recommender.core.taste import HALF_LIFE, SAID_HALF_LIFE, Taste, learn_taste
from tests.recommender.support import NOON, facts, opinion, shelf_of

LIKE, DISLIKE, SKIP = FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SKIP
PLAY, FINISH, SAVE = FeedbackAction.PLAY, FeedbackAction.FINISH, FeedbackAction.SAVE
SPEAKING = (LIKE, SAVE, FINISH, PLAY, SKIP, DISLIKE)
HAPPY, SAD, MIDDLE = CIRCUMPLEX[Emotion.HAPPY], CIRCUMPLEX[Emotion.SAD], Affect(0.0, 0.0)


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
    each = {action: appeal(catalogue, ("a", action))["a"] for action in SPEAKING}
    assert sorted(each, key=lambda action: -each[action]) == list(SPEAKING)


def test_a_skip_says_less_the_later_it_comes(catalogue: Catalogue):
    skips = [opinion("a", SKIP)._replace(progress=progress) for progress in (None, 0.1, 0.5, 1.0)]
    appeals = [learn_taste(catalogue, [skip]).appeal(catalogue.shelves[Kind.MUSIC])[0] for skip in skips]
    assert appeals == sorted(appeals)
    assert appeals[0] == pytest.approx(appeal(catalogue, ("a", SKIP))["a"])
    assert appeals[-1] == pytest.approx(appeal(catalogue, ("a", PLAY))["a"])


def test_not_now_says_nothing_about_taste_and_leaves_what_was_said_before(catalogue: Catalogue):
    later = ("a", FeedbackAction.NOT_NOW)
    assert appeal(catalogue, later) == appeal(catalogue)
    assert appeal(catalogue, ("a", LIKE), later) == appeal(catalogue, ("a", LIKE))


def in_moods(catalogue: Catalogue, *opinions: Opinion) -> dict[str, float]:
    """The appeal of "a" in each mood."""
    taste, shelf = learn_taste(catalogue, opinions), catalogue.shelves[Kind.MUSIC]
    moods = {"happy": HAPPY, "middle": MIDDLE, "sad": SAD, "unknown": None}
    return {name: float(taste.appeal(shelf, place)[0]) for name, place in moods.items()}


def test_what_is_liked_in_one_mood_appeals_less_the_farther_another_mood_is(catalogue: Catalogue):
    liked = in_moods(catalogue, opinion("a", LIKE)._replace(mood=SAD))
    assert liked["sad"] > liked["middle"] > liked["happy"] > 0
    assert liked["unknown"] == pytest.approx(liked["middle"])


def test_a_person_can_want_in_one_mood_what_they_do_not_in_another(catalogue: Catalogue):
    told = [
        opinion(item, action, minute)._replace(mood=mood)
        for minute, (item, action, mood) in enumerate([("a", LIKE, SAD), ("b", LIKE, SAD)])
    ]
    # "b" has the genre of "a"; the same person turns away what is like it when they are happy.
    both = [*told, *(opinion(each.item_id, DISLIKE, 9)._replace(mood=HAPPY, item_id="e") for each in told[:1])]
    jazz = shelf_of(*(facts(name, genres=["jazz"]) for name in "abe"))
    wanted = in_moods(jazz, *both)
    assert wanted["sad"] > 0.2
    assert wanted["happy"] < 0 < wanted["sad"]


def test_the_variance_of_what_is_not_known_is_the_same_in_every_mood(catalogue: Catalogue):
    taste, shelf = learn_taste(catalogue, []), catalogue.shelves[Kind.MUSIC]
    draws = [taste.sampled(np.random.default_rng(seed)) for seed in range(400)]
    spread = [np.std([draw.appeal(shelf, mood)[0] for draw in draws]) for mood in (HAPPY, MIDDLE, SAD)]
    np.testing.assert_allclose(spread, spread[1], rtol=0.12)


def test_a_weight_in_a_mood_is_made_of_what_each_context_brings(catalogue: Catalogue):
    taste = learn_taste(catalogue, [opinion("a", LIKE)._replace(mood=HAPPY), opinion("c", DISLIKE)._replace(mood=SAD)])
    columns = np.array([3, 0, 1])
    for each in (taste, taste.sampled(np.random.default_rng(0))):
        for mood in (HAPPY, SAD, MIDDLE):
            parts = context(mood) @ each.weights_by_context(columns)
            assert parts == pytest.approx(each.weights_of(columns, mood))


def test_draws_scatter_around_what_was_learned_in_that_mood(catalogue: Catalogue):
    shelf = catalogue.shelves[Kind.MUSIC]
    taste = learn_taste(catalogue, [opinion("a", LIKE)._replace(mood=SAD), opinion("c", DISLIKE)._replace(mood=HAPPY)])
    for mood in (HAPPY, SAD):
        draws = [taste.sampled(np.random.default_rng(seed)).appeal(shelf, mood) for seed in range(400)]
        np.testing.assert_allclose(np.mean(draws, axis=0), taste.appeal(shelf, mood), atol=0.15)


@pytest.mark.parametrize(("action", "life"), [(LIKE, SAID_HALF_LIFE), (FINISH, HALF_LIFE)])
def test_old_evidence_fades_by_its_half_life(catalogue: Catalogue, action: FeedbackAction, life: timedelta):
    told, shelf = [opinion("a", action)], catalogue.shelves[Kind.MUSIC]
    appeals = [learn_taste(catalogue, told, NOON + n * life).appeal(shelf)[0] for n in (0, 1, 3, 100)]
    assert appeals == sorted(appeals, reverse=True)
    assert appeals[-1] == pytest.approx(0, abs=1e-3)
    twice_as_noisy = replace(PLAIN, noise_variance=2 * PLAIN.noise_variance)
    doubted = Catalogue([facts("a", genres=["jazz"], creators=["Ada"])], priors={Kind.MUSIC: twice_as_noisy})
    assert appeals[1] == pytest.approx(appeal(doubted, ("a", action))["a"])


def test_what_was_said_counts_before_what_was_done_and_the_newer_before_the_older(catalogue: Catalogue):
    said = [opinion("a", LIKE, 0), opinion("a", SKIP, 5)]
    assert [verdict.action for verdict in verdicts(catalogue, said)] == [LIKE]
    changed = [opinion("a", LIKE, 0), opinion("a", DISLIKE, 5)]
    assert [verdict.action for verdict in verdicts(catalogue, changed)] == [DISLIKE]


def test_an_opinion_on_an_item_that_is_gone_is_left_out(catalogue: Catalogue):
    assert verdicts(catalogue, [opinion("gone", LIKE)]) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(SPEAKING)), max_size=8))
def test_the_same_opinions_give_the_same_finite_taste_in_any_order(opinions: list[tuple[str, FeedbackAction]]):
    catalogue = shelf_of(*(facts(name, genres=[name, "shared"]) for name in "abcd"))
    given_at = [opinion(item, action, minute) for minute, (item, action) in enumerate(opinions)]
    forwards, backwards = learn_taste(catalogue, given_at), learn_taste(catalogue, given_at[::-1])
    weights, others = (taste.weights_of(np.arange(len(catalogue.vocabulary))) for taste in (forwards, backwards))
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights, others)


JAZZ = Feature("genre", "jazz")


def spoken(catalogue: Catalogue, *words: tuple[Feature, TasteWord], opinions: tuple[Opinion, ...] = ()) -> Taste:
    return learn_taste(catalogue, opinions, words=[Spoken(feature, word, NOON) for feature, word in words])


def test_who_asks_for_less_of_something_gets_less_of_it_and_of_nothing_else(catalogue: Catalogue):
    shelf = catalogue.shelves[Kind.MUSIC]
    for word, sign in ((TasteWord.MORE, 1), (TasteWord.LESS, -1)):
        taste = spoken(catalogue, (JAZZ, word))
        a, b, c, d = sign * taste.appeal(shelf)
        assert a > 0.5, word
        assert a == pytest.approx(b)
        assert (c, d) == (0, 0)
        assert sign * taste.appeal(catalogue.shelves[Kind.MOVIE])[0] > 0.5, "in every kind"
    assert not spoken(catalogue, (Feature("genre", "unheard of"), TasteWord.MORE)).words


def test_a_word_on_a_feature_counts_before_what_items_taught_and_is_told_first(catalogue: Catalogue):
    liked = opinion("a", LIKE), opinion("b", LIKE, 1)
    taste = spoken(catalogue, (JAZZ, TasteWord.LESS), opinions=liked)
    first = taste.beliefs()[0]
    assert (first.feature, first.word, set(first.because)) == (JAZZ, TasteWord.LESS, {"a", "b"})
    assert first.liking < 0 < max(belief.liking for belief in taste.beliefs())
    assert {belief.word for belief in taste.beliefs()[1:]} == {None}


def test_draws_scatter_around_what_a_person_asked_for(catalogue: Catalogue):
    taste, shelf = spoken(catalogue, (JAZZ, TasteWord.MORE)), catalogue.shelves[Kind.MUSIC]
    draws = [taste.sampled(np.random.default_rng(seed)).appeal(shelf) for seed in range(400)]
    np.testing.assert_allclose(np.mean(draws, axis=0), taste.appeal(shelf), atol=0.15)
