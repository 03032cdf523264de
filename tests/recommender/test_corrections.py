import pytest

from contracts.emotion import EMOTIONS, Emotion
from contracts.mood import Mood, MoodState
from services.recommender.core.corrections import HOLDS, Correction, corrected, mood_for
from tests.recommender.support import NOON, mood

HAPPY, SAD, NEUTRAL, UNCERTAIN = MoodState.HAPPY, MoodState.SAD, MoodState.NEUTRAL, MoodState.UNCERTAIN
LATER = NOON + 2 * HOLDS


def said(state: MoodState, detected: MoodState | None = NEUTRAL) -> Correction:
    return Correction(state, detected, NOON)


def seen(state: MoodState, corrections: list[Correction]) -> Mood:
    found = corrected(mood(state), corrections, LATER)
    assert found
    return found


def test_without_a_word_what_is_detected_counts():
    assert corrected(mood(SAD), [], NOON) == mood(SAD)
    assert corrected(None, [], NOON) is None


def test_what_was_said_stands_for_a_while_until_something_else_is_detected():
    words = [said(SAD), Correction(HAPPY, NEUTRAL, NOON + HOLDS / 4)]
    assert corrected(mood(NEUTRAL), words, NOON + HOLDS / 2) == mood_for(HAPPY, NOON + HOLDS / 4)
    assert corrected(mood(MoodState.ANGRY), words, NOON + HOLDS / 2) == mood(MoodState.ANGRY)
    assert corrected(None, [said(SAD, None)], NOON) == mood(SAD)


def test_each_correction_is_a_word_on_the_next_time():
    arousals = [seen(NEUTRAL, [said(SAD)] * count).arousal for count in range(8)]
    assert arousals == sorted(arousals, reverse=True)
    assert arousals[0] == 0
    assert seen(NEUTRAL, [said(SAD)]).state is NEUTRAL
    assert seen(NEUTRAL, [said(SAD)] * 4).state is SAD


def test_the_corrected_probabilities_are_probabilities():
    both = seen(NEUTRAL, [said(SAD), said(SAD), said(HAPPY)])
    assert sum(both.probabilities) == pytest.approx(1)
    assert both.probabilities[EMOTIONS.index(Emotion.SAD)] == pytest.approx(2 / 6)
    assert both.confidence == max(both.probabilities)


def test_a_correction_of_one_state_says_nothing_of_another():
    assert seen(HAPPY, [said(SAD)] * 9) == mood(HAPPY)


def test_somebody_whose_face_cannot_be_read_gets_a_mood_by_their_word():
    assert seen(UNCERTAIN, [said(SAD, UNCERTAIN)] * 9).state is SAD
