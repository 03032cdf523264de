import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.emotion import CIRCUMPLEX, Affect, Emotion
from services.recommender.core.affect import (
    TERMS_SOURCE,
    TYPICAL_RATING,
    UNKNOWN,
    affect_words,
    emotion_affinities,
    terms_affect,
    terms_place,
)
from services.recommender.core.affect_terms import TERMS
from services.recommender.core.tone import TYPICAL_TONE, aggregate_tone

SIGNED = st.floats(-1, 1)


def test_every_term_lies_in_the_plane_is_lower_case_and_has_a_source():
    assert all(word == word.strip().lower() for word in TERMS)
    for term in TERMS.values():
        assert all(-1 <= number <= 1 for number in term.affect)
        assert term.weight in (1, 2)
        assert term.source


@pytest.mark.parametrize(
    ("words", "emotion"),
    [
        (["psychological horror"], Emotion.FEAR),
        (["party game", "rhythm"], Emotion.HAPPY),
        (["grief", "melancholic"], Emotion.SAD),
        (["casual", "hidden object"], Emotion.NEUTRAL),
    ],
)
def test_words_of_any_kind_have_a_place(words: list[str], emotion: Emotion):
    affinities = emotion_affinities(terms_affect(words, []))
    assert max(affinities, key=lambda each: affinities[each]) is emotion


def test_films_lie_where_their_genres_and_tags_say():
    assert terms_affect(["horror"], ["scary"]).valence < -0.5 < 0.5 < terms_affect(["comedy"], ["uplifting"]).valence
    assert terms_affect(["documentary"], ["calm"]).arousal < 0 < terms_affect(["action"], ["exciting"]).arousal
    assert terms_affect(["never heard of"], []) == Affect(0.0, 0.0)


def test_a_word_that_is_genre_and_tag_counts_once():
    assert terms_affect(["action", "puzzle"], ["action"]) == terms_affect(["action"], ["puzzle"])


@given(SIGNED, SIGNED)
def test_the_tone_of_reviews_moves_valence_its_own_way_and_arousal_not_at_all(first: float, second: float):
    low, high = (terms_affect(["drama"], ["moving"], tone) for tone in sorted((first, second)))
    assert low.valence <= high.valence
    assert low.arousal == high.arousal


def test_a_typical_tone_and_rating_change_nothing():
    assert terms_affect(["drama"], [], TYPICAL_TONE, TYPICAL_RATING) == pytest.approx(terms_affect(["drama"], []))


def test_a_rating_moves_an_item_the_more_people_gave_it():
    plain, few, many = (terms_affect(["drama"], [], rating=9, votes=votes) for votes in (0, 100, 100_000))
    assert plain.valence < few.valence < many.valence < plain.valence + 0.2
    assert plain.arousal == many.arousal


def test_a_place_says_what_it_rests_on():
    assert terms_place(["drama"], []).valence_source == TERMS_SOURCE
    moved = terms_place(["drama"], [], tone=0.5, rating=8.0)
    assert moved.valence_source == f"{TERMS_SOURCE}, moved by the rating and the tone of reviews"
    assert moved.arousal_source == TERMS_SOURCE
    assert terms_place(["never heard of"], [], rating=8.0).valence_source.startswith(UNKNOWN)


def test_few_reviews_say_less_than_many():
    assert aggregate_tone(0.0, 0) is None
    one, many = aggregate_tone(-0.8, 1), aggregate_tone(-80.0, 100)
    assert one is not None
    assert many is not None
    assert -0.8 < many < one < TYPICAL_TONE


@pytest.mark.parametrize("emotion", list(Emotion))
def test_an_item_in_the_place_of_an_emotion_has_the_most_affinity_with_it(emotion: Emotion):
    affinities = emotion_affinities(CIRCUMPLEX[emotion])
    assert affinities[emotion] == max(affinities.values()) == 1.0
    assert min(affinities.values()) >= 0.0


@pytest.mark.parametrize(
    ("emotion", "words"),
    [(Emotion.HAPPY, "bright and intense"), (Emotion.SAD, "dark and easy-going"), (Emotion.ANGRY, "dark and intense")],
)
def test_places_have_words(emotion: Emotion, words: str):
    assert affect_words(CIRCUMPLEX[emotion]) == words
