"""The seven emotions, their order, and where each lies in the valence-arousal plane."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class Emotion(StrEnum):
    """The seven emotions of FER-2013 (Goodfellow et al., 2013), in the order of its labels 0..6.

    Every probability vector in the system, the model's outputs included, has this order.
    """

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)


class Affect(NamedTuple):
    """A point in the valence-arousal plane, both in -1..1 (unpleasant..pleasant, sleepy..activated)."""

    valence: float
    arousal: float


CIRCUMPLEX: Mapping[Emotion, Affect] = {
    Emotion.ANGRY: Affect(-0.51, 0.59),
    Emotion.DISGUST: Affect(-0.60, 0.35),
    Emotion.FEAR: Affect(-0.64, 0.60),
    Emotion.HAPPY: Affect(0.81, 0.51),
    Emotion.SAD: Affect(-0.63, -0.27),
    Emotion.SURPRISE: Affect(0.40, 0.67),
    Emotion.NEUTRAL: Affect(0.0, 0.0),
}
"""Mean pleasure and arousal ratings of the emotion terms in Russell and Mehrabian, "Evidence for a three-factor
theory of emotions", Journal of Research in Personality 11 (1977), table 1; neutral is the origin."""


def affect_of(probabilities: Sequence[float]) -> Affect:
    """The probability-weighted mean of `CIRCUMPLEX`.

    Args:
        probabilities: seven numbers in 0..1 in the order of `EMOTIONS`, summing to 1.

    Raises:
        ValueError: there are not exactly seven.
    """
    weighted = [(p, CIRCUMPLEX[emotion]) for p, emotion in zip(probabilities, EMOTIONS, strict=True)]
    return Affect(
        valence=sum(p * affect.valence for p, affect in weighted),
        arousal=sum(p * affect.arousal for p, affect in weighted),
    )
