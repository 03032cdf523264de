"""Moods follow a face slowly, whatever the frame rate, and say when they do not know."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.emotion import EMOTIONS, Emotion, affect_of
from contracts.mood import Mood, MoodState
from services.emotion.mood import MoodMemory, MoodRules, MoodTracker
from tests.emotion.support import mostly

START = datetime(2026, 1, 1, tzinfo=UTC)
THRESHOLD = 0.4


class Person:
    """A tracker and the time that passes for it."""

    def __init__(self, fps: float = 10, resumed: Mood | None = None) -> None:
        self.now = START
        self.tracker = MoodTracker(START, MoodMemory.of(resumed) if resumed else None)
        self._step = timedelta(seconds=1 / fps)
        self.states: list[MoodState] = [self.tracker.mood.state]

    def show(self, emotion: Emotion | None, seconds: float, probability: float = 0.9) -> MoodState:
        """Show an emotion, or with None no face, for some time."""
        for _ in range(round(seconds / self._step.total_seconds())):
            self.now += self._step
            if emotion is None:
                self.tracker.advance(self.now)
            else:
                self.tracker.observe(mostly(emotion, probability), THRESHOLD, self.now)
            self._note()
        return self.states[-1]

    def _note(self) -> None:
        state = self.tracker.mood.state
        if state is not self.states[-1]:
            self.states.append(state)


def test_before_any_face_the_person_is_absent():
    mood = MoodTracker(START).mood
    assert (mood.state, mood.probabilities, mood.since) == (MoodState.ABSENT, [], START)


def test_a_face_becomes_a_mood_after_the_dwell():
    person = Person()
    assert person.show(Emotion.HAPPY, 0.9) is MoodState.ABSENT
    assert person.show(Emotion.HAPPY, 0.5) is MoodState.HAPPY
    mood = person.tracker.mood
    assert mood.probabilities == pytest.approx(mostly(Emotion.HAPPY, 0.9))
    assert (mood.valence, mood.arousal) == pytest.approx(affect_of(mostly(Emotion.HAPPY, 0.9)))
    assert mood.confidence == pytest.approx(0.9)


def test_a_lasting_change_of_expression_changes_the_mood_and_says_since_when():
    person = Person()
    person.show(Emotion.NEUTRAL, 5)
    assert person.show(Emotion.SAD, 6) is MoodState.SAD
    assert START + timedelta(seconds=5) < person.tracker.mood.since < START + timedelta(seconds=9)
    assert person.states == [MoodState.ABSENT, MoodState.NEUTRAL, MoodState.SAD]


@pytest.mark.parametrize("fps", [2, 5, 10, 30])
def test_a_blink_does_not_flip_the_mood_at_any_frame_rate(fps: float):
    person = Person(fps)
    person.show(Emotion.HAPPY, 5)
    person.show(Emotion.SAD, 0.5)
    person.show(Emotion.HAPPY, 2)
    assert person.states == [MoodState.ABSENT, MoodState.HAPPY]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_the_average_depends_on_time_and_not_on_the_number_of_frames(fps: float):
    person = Person(fps)
    person.show(Emotion.NEUTRAL, 5)
    person.show(Emotion.HAPPY, 2)
    expected = 0.9 - (0.9 - 0.1 / 6) * math.exp(-1)
    assert person.tracker.mood.probabilities[EMOTIONS.index(Emotion.HAPPY)] == pytest.approx(expected, rel=1e-3)


def test_one_frame_after_a_gap_does_not_outweigh_all_before_it():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    person.show(None, 2.5)
    person.show(Emotion.SAD, 0.1)
    assert person.tracker.mood.state is MoodState.HAPPY
    assert person.tracker.mood.probabilities[EMOTIONS.index(Emotion.HAPPY)] > 0.6


def test_two_emotions_close_to_each_other_do_not_take_turns():
    rng = random.Random(1)
    person = Person()
    person.show(Emotion.SAD, 5, probability=0.6)
    for _ in range(300):
        person.show(rng.choice([Emotion.SAD, Emotion.NEUTRAL]), 0.1, probability=0.6)
    assert len(person.states) <= 3


def test_while_no_emotion_stands_out_the_mood_is_uncertain():
    person = Person()
    assert person.show(Emotion.ANGRY, 5, probability=0.25) is MoodState.UNCERTAIN
    assert len(person.tracker.mood.probabilities) == 7


def test_nobody_for_some_seconds_is_an_absence():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    assert person.show(None, 2.9) is MoodState.HAPPY
    assert person.show(None, 0.2) is MoodState.ABSENT
    assert person.tracker.mood.probabilities == []
    assert person.show(Emotion.SAD, 1.5) is MoodState.SAD


def test_a_face_that_nothing_reads_any_more_makes_the_mood_uncertain():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    for _ in range(40):
        person.now += timedelta(seconds=0.1)
        person.tracker.observe_unread(person.now)
    assert person.tracker.mood.state is MoodState.UNCERTAIN


def test_a_resumed_mood_goes_on_where_it_was():
    since = START - timedelta(minutes=1)
    happy = Mood(state=MoodState.HAPPY, probabilities=mostly(Emotion.HAPPY), since=since)
    person = Person(resumed=happy)
    assert person.tracker.mood.state is MoodState.HAPPY
    assert person.show(Emotion.HAPPY, 1) is MoodState.HAPPY
    assert person.tracker.mood.since == since
    assert person.show(None, 4) is MoodState.ABSENT


def test_a_resumed_mood_of_somebody_who_does_not_come_back_ends():
    happy = Mood(state=MoodState.HAPPY, probabilities=mostly(Emotion.HAPPY), since=START)
    assert Person(resumed=happy).show(None, 3.1) is MoodState.ABSENT


def test_a_clock_that_is_set_back_does_no_harm():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    person.now -= timedelta(hours=1)
    assert person.show(Emotion.HAPPY, 2) is MoodState.HAPPY


def test_who_leaves_as_the_clock_is_set_back_is_away_soon():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    person.now -= timedelta(hours=1)
    assert person.show(None, 4) is MoodState.ABSENT


def test_a_mood_that_changes_as_the_clock_is_set_back_changes_soon():
    person = Person()
    person.show(Emotion.HAPPY, 5)
    while person.tracker.mood.probabilities[6] < 0.6:
        person.show(Emotion.NEUTRAL, 0.1)
    assert person.tracker.mood.state is MoodState.HAPPY
    person.now -= timedelta(hours=1)
    assert person.show(Emotion.NEUTRAL, 2) is MoodState.NEUTRAL


probabilities = st.lists(st.floats(0.001, 1), min_size=7, max_size=7).map(lambda ps: [p / sum(ps) for p in ps])


@given(readings=st.lists(st.tuples(probabilities, st.floats(0, 10)), max_size=30))
def test_a_mood_is_always_valid(readings: list[tuple[list[float], float]]):
    tracker, now = MoodTracker(START), START
    for reading, pause_s in readings:
        now += timedelta(seconds=pause_s)
        tracker.observe(reading, THRESHOLD, now)
        mood = Mood.model_validate(tracker.mood.model_dump())
        assert mood.since <= now
        if mood.probabilities:
            assert sum(mood.probabilities) == pytest.approx(1)
        assert Mood.from_proto(mood.to_proto()).state is mood.state


def test_rules_can_be_changed():
    quick = MoodTracker(START, rules=MoodRules(dwell=timedelta(0)))
    for tenth in range(3):
        quick.observe(mostly(Emotion.FEAR), THRESHOLD, START + timedelta(seconds=tenth / 10))
    assert quick.mood.state is MoodState.FEAR


def reading(**shares: float) -> list[float]:
    """What a model reads in a face, the rest evenly."""
    rest = (1 - sum(shares.values())) / (len(EMOTIONS) - len(shares))
    return [shares.get(emotion, rest) for emotion in EMOTIONS]


def watched(*shown: tuple[list[float], float], resumed: MoodMemory | None = None) -> MoodTracker:
    """A person whose face is read alike for some seconds each."""
    tracker, now = MoodTracker(START, resumed), START
    for probabilities, seconds in shown:
        for _ in range(round(seconds * 10)):
            now += timedelta(seconds=0.1)
            tracker.observe(probabilities, THRESHOLD, now)
    return tracker


LOOKS_SAD = reading(sad=0.48, neutral=0.36)
SADDER = reading(sad=0.75, neutral=0.15)
SMILES = reading(happy=0.6, neutral=0.2)


def test_a_face_that_looks_sad_at_rest_becomes_neutral_and_stays_it():
    assert watched((LOOKS_SAD, 2)).mood.state is MoodState.SAD
    assert watched((LOOKS_SAD, 12)).mood.state is MoodState.NEUTRAL
    assert watched((LOOKS_SAD, 300)).mood.state is MoodState.NEUTRAL


def test_the_same_face_still_can_look_sad_and_happy():
    assert watched((LOOKS_SAD, 12), (SADDER, 6)).mood.state is MoodState.SAD
    assert watched((LOOKS_SAD, 12), (SMILES, 6)).mood.state is MoodState.HAPPY
    assert watched((LOOKS_SAD, 12), (SADDER, 20), (LOOKS_SAD, 8)).mood.state is MoodState.NEUTRAL


def test_who_comes_clearly_sad_is_sad():
    assert watched((SADDER, 60)).mood.state is MoodState.SAD


def test_who_comes_smiling_is_happy_and_their_resting_face_is_learned_later():
    assert watched((SMILES, 60)).mood.probabilities == pytest.approx(SMILES)
    assert watched((SMILES, 60), (LOOKS_SAD, 12)).mood.state is MoodState.NEUTRAL


def test_a_resting_face_goes_on_elsewhere():
    known = MoodMemory.model_validate_json(watched((LOOKS_SAD, 12)).memory.model_dump_json())
    assert watched((LOOKS_SAD, 2), resumed=known).mood.state is MoodState.NEUTRAL
    fresh = MoodMemory(state=MoodState.ABSENT, since=START, resting=known.resting)
    assert watched((LOOKS_SAD, 2), resumed=fresh).mood.state is MoodState.NEUTRAL
