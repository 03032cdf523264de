import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.emotion import CIRCUMPLEX, Affect, Emotion
from services.recommender.core.affect import affect_words, song_affect, terms_affect
from services.recommender.core.affect_terms import GENRE_AFFECT, TAG_AFFECT
from services.recommender.core.tone import TYPICAL_TONE, aggregate_tone


def test_a_loud_cheerful_song_lies_near_happy_and_a_soft_sombre_one_near_sad():
    loud = song_affect({"valence": 0.9, "energy": 0.85, "tempo": 128, "acousticness": 0.05})
    soft = song_affect({"valence": 0.15, "energy": 0.2, "tempo": 70, "acousticness": 0.9})
    assert loud
    assert soft
    assert nearest(loud) is Emotion.HAPPY
    assert nearest(soft) is Emotion.SAD


def nearest(affect: Affect) -> Emotion:
    return min(
        CIRCUMPLEX,
        key=lambda e: (CIRCUMPLEX[e].valence - affect.valence) ** 2 + (CIRCUMPLEX[e].arousal - affect.arousal) ** 2,
    )


@pytest.mark.parametrize("audio", [{}, {"valence": 0.5}, {"energy": 0.5}, {"valence": 0.5, "danceability": 0.5}])
def test_a_song_without_enough_features_has_no_place(audio: dict[str, float]):
    assert song_affect(audio) is None


def test_missing_features_of_arousal_leave_it_to_the_others():
    assert song_affect({"valence": 0.5, "energy": 0.8}) == pytest.approx(Affect(0.0, 0.6))


@given(
    st.fixed_dictionaries(
        {"valence": st.floats(0, 1)},
        optional={"energy": st.floats(0, 1), "tempo": st.floats(0, 400), "acousticness": st.floats(0, 1)},
    )
)
def test_a_song_never_leaves_the_plane(audio: dict[str, float]):
    affect = song_affect(audio)
    assert affect is None or (-1 <= affect.valence <= 1 and -1 <= affect.arousal <= 1)


def test_every_term_lies_in_the_plane_and_is_lower_case():
    for table in (GENRE_AFFECT, TAG_AFFECT):
        assert all(term == term.lower() for term in table)
        assert all(-1 <= number <= 1 for affect in table.values() for number in affect)


def test_films_lie_where_their_genres_and_tags_say():
    assert terms_affect(["horror"], ["scary"]).valence < -0.5 < 0.5 < terms_affect(["comedy"], ["uplifting"]).valence
    assert terms_affect(["documentary"], ["calm"]).arousal < 0 < terms_affect(["action"], ["exciting"]).arousal
    assert terms_affect(["never heard of"], []) == Affect(0.0, 0.0)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_tone_of_reviews_moves_valence_its_own_way_and_arousal_not_at_all(first: float, second: float):
    low, high = (terms_affect(["drama"], ["moving"], tone) for tone in sorted((first, second)))
    assert low.valence <= high.valence
    assert low.arousal == high.arousal


def test_a_typical_tone_changes_nothing():
    assert terms_affect(["drama"], [], TYPICAL_TONE) == pytest.approx(terms_affect(["drama"], []))


def test_few_reviews_say_less_than_many():
    assert aggregate_tone(0.0, 0) is None
    one, many = aggregate_tone(-0.8, 1), aggregate_tone(-80.0, 100)
    assert one is not None
    assert many is not None
    assert -0.8 < many < one < TYPICAL_TONE


@pytest.mark.parametrize(
    ("emotion", "words"),
    [(Emotion.HAPPY, "bright and intense"), (Emotion.SAD, "dark and easy-going"), (Emotion.ANGRY, "dark and intense")],
)
def test_places_have_words(emotion: Emotion, words: str):
    assert affect_words(CIRCUMPLEX[emotion]) == words
