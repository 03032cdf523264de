import pytest

from contracts.mood import MoodState
from contracts.recommendation import Goal
from services.recommender.core.goals import DEFAULT_GOALS, GENERAL_POINT, GOAL_TERMS, default_goal, target
from tests.recommender.support import mood


def test_every_state_has_a_default_goal_and_every_goal_its_terms():
    assert set(DEFAULT_GOALS) == set(MoodState)
    assert set(GOAL_TERMS) == set(Goal)


@pytest.mark.parametrize(
    ("state", "goal"),
    [
        (MoodState.ANGRY, Goal.CALM),
        (MoodState.FEAR, Goal.CALM),
        (MoodState.SAD, Goal.LIFT),
        (MoodState.DISGUST, Goal.LIFT),
        (MoodState.HAPPY, Goal.MATCH),
        (MoodState.ABSENT, Goal.MATCH),
    ],
)
def test_unpleasant_moods_are_eased_and_pleasant_ones_kept(state: MoodState, goal: Goal):
    assert default_goal(mood(state)) is goal


def test_to_match_is_to_stay_where_the_person_is():
    happy = mood(MoodState.HAPPY)
    assert target(happy, Goal.MATCH) == (happy.valence, happy.arousal)


@pytest.mark.parametrize("unknown", [None, mood(MoodState.UNCERTAIN), mood(MoodState.ABSENT)])
def test_nobody_knows_the_mood_so_a_mildly_pleasant_one_is_matched(unknown: None):
    assert default_goal(unknown) is Goal.MATCH
    assert target(unknown, Goal.MATCH) == GENERAL_POINT


@pytest.mark.parametrize("state", list(MoodState))
def test_lift_is_pleasant_and_calm_is_quiet_whatever_the_mood(state: MoodState):
    assert target(mood(state), Goal.LIFT).valence > 0.5
    assert target(mood(state), Goal.CALM).arousal < -0.4
