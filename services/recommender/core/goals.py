"""Where a mood and a goal ask the picks to lie."""

from collections.abc import Mapping
from typing import Final

from contracts.emotion import Affect
from contracts.mood import Mood, MoodState
from contracts.recommendation import Goal

DEFAULT_GOALS: Final[Mapping[MoodState, Goal]] = {
    MoodState.ANGRY: Goal.CALM,
    MoodState.FEAR: Goal.CALM,
    MoodState.SAD: Goal.LIFT,
    MoodState.DISGUST: Goal.LIFT,
    MoodState.HAPPY: Goal.MATCH,
    MoodState.SURPRISE: Goal.MATCH,
    MoodState.NEUTRAL: Goal.MATCH,
    MoodState.UNCERTAIN: Goal.MATCH,
    MoodState.ABSENT: Goal.MATCH,
}
"""What a person in this state is offered unless they ask for something else: unpleasant excitement is brought down,
other unpleasant feelings are brought up, and a good mood is kept."""

GENERAL_POINT: Final = Affect(0.25, 0.05)
"""Mildly pleasant: what to match while nobody knows the mood."""

GOAL_POINTS: Final[Mapping[Goal, Affect]] = {
    Goal.LIFT: Affect(0.70, 0.40),
    Goal.CALM: Affect(0.45, -0.55),
    Goal.FOCUS: Affect(0.25, -0.20),
}
"""Editorial. Lift lies beside "happy" and calm opposite "angry" in `contracts.emotion.CIRCUMPLEX`; focus is awake
enough to work and too even to distract."""

DESTINATIONS: Final = tuple(GOAL_POINTS)
"""Where a journey can lead."""

GOAL_TERMS: Final[Mapping[Goal, frozenset[str]]] = {
    Goal.MATCH: frozenset(),
    Goal.JOURNEY: frozenset(),
    Goal.LIFT: frozenset(
        {"uplifting", "feel-good", "funny", "comedy", "joyful", "hopeful"}
        | {"celebratory", "sunny", "party", "play", "gratitude", "energising"}
    ),
    Goal.CALM: frozenset(
        {"calm", "gentle", "soothing", "quiet", "slow", "soft", "cosy"}
        | {"breathing", "rest", "mindfulness", "grounding", "ambient", "new age", "nature"}
    ),
    Goal.FOCUS: frozenset(
        {"focus", "flow", "absorbing", "puzzle", "planning", "mindfulness"}
        | {"instrumental", "ambient", "lo-fi", "classical", "chillout", "piano"}
    ),
}
"""Genres and tags, lower case, that serve a goal beyond where they lie in the plane. Editorial."""

_UNREADABLE: Final = frozenset({MoodState.UNCERTAIN, MoodState.ABSENT})


def default_goal(mood: Mood | None) -> Goal:
    """The goal for a mood where nobody asked for one."""
    return Goal.MATCH if mood is None else DEFAULT_GOALS[mood.state]


def destination(mood: Mood | None, wanted: Goal | None = None) -> Goal:
    """Where a journey leads: where the person wants to be, or else what is offered in their mood; a good one is
    lifted a little more."""
    offered = wanted or default_goal(mood)
    return offered if offered in DESTINATIONS else Goal.LIFT


def place_of(mood: Mood | None) -> Affect:
    """Where in the valence-arousal plane the person is, or, where nobody knows, where they are met."""
    if mood is None or mood.state in _UNREADABLE:
        return GENERAL_POINT
    return Affect(mood.valence, mood.arousal)


def target(mood: Mood | None, goal: Goal) -> Affect:
    """The place where the picks should lie; of a journey, the last ones."""
    goal = destination(mood) if goal is Goal.JOURNEY else goal
    return place_of(mood) if goal is Goal.MATCH else GOAL_POINTS[goal]
