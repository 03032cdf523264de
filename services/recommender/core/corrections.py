"""What a person says of their own mood, which a camera only guesses."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from contracts.emotion import CIRCUMPLEX, EMOTIONS, Emotion
from contracts.mood import Mood, MoodState

HOLDS: Final = timedelta(minutes=30)
"""How long what was said stands, while the same is detected as then."""
TRUST: Final = 3.0
"""Corrections: how many a detected state is worth, before this person's own corrections of it weigh as much."""


class Correction(NamedTuple):
    """A person's word on their mood."""

    said: MoodState
    detected: MoodState | None
    """None: nothing was."""
    at: datetime


def mood_for(state: MoodState, now: datetime) -> Mood:
    """The mood of somebody of whom only the state is known."""
    if state in (MoodState.UNCERTAIN, MoodState.ABSENT):
        return Mood(state=state, since=now)
    affect = CIRCUMPLEX[Emotion(state)]
    probabilities = [float(emotion is Emotion(state)) for emotion in EMOTIONS]
    return Mood(
        state=state,
        probabilities=probabilities,
        valence=affect.valence,
        arousal=affect.arousal,
        confidence=1.0,
        since=now,
    )


def corrected(mood: Mood | None, corrections: Sequence[Correction], now: datetime) -> Mood | None:
    """The mood that a person is in, as they would say it.

    What they said last stands for `HOLDS`, until something else is detected. Beyond that, every correction of a state
    is a word on what it means when it is detected again: the mood moves towards what was said by n / (n + `TRUST`) of
    n corrections, and takes its name where more than half of it has moved there.

    Args:
        corrections: in any order.
    """
    state = mood.state if mood else None
    newest = max(corrections, key=lambda each: each.at, default=None)
    if newest and newest.detected == state and timedelta(0) <= now - newest.at < HOLDS:
        return mood_for(newest.said, newest.at)
    said = Counter(each.said for each in corrections if each.detected == state)
    return _moved(mood, said) if mood and said else mood


def _moved(mood: Mood, said: Counter[MoodState]) -> Mood:
    whole = said.total() + TRUST
    parts = [(mood, TRUST / whole), *((mood_for(state, mood.since), count / whole) for state, count in said.items())]
    state, share = max(((each.state, share) for each, share in parts), key=lambda part: part[1])
    known = [(np.array(each.probabilities), share) for each, share in parts if each.probabilities]
    total = sum(share for _, share in known)
    probabilities = (
        [float(each) for each in sum((p * share for p, share in known), np.zeros(len(EMOTIONS))) / total]
        if known
        else []
    )
    return Mood(
        state=state if share > 0.5 else mood.state,  # noqa: PLR2004
        probabilities=probabilities,
        valence=sum(each.valence * share for each, share in parts),
        arousal=sum(each.arousal * share for each, share in parts),
        confidence=max(probabilities, default=0.0),
        since=mood.since,
    )
