"""A mood: a person's state over seconds, as it travels in events, calls and responses."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Self

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import AfterValidator, BaseModel, Field, FiniteFloat

from contracts.emotion import EMOTIONS, Emotion
from contracts.moment import Moment
from contracts.pb.emoverse.v1 import mood_pb2


def _all_or_none(numbers: list[float]) -> list[float]:
    if len(numbers) not in {0, len(EMOTIONS)}:
        raise ValueError(f"{len(numbers)} numbers where there are {len(EMOTIONS)} emotions")
    return numbers


Probabilities = Annotated[list[FiniteFloat], AfterValidator(_all_or_none)]
"""One of each emotion, in the order of `contracts.emotion.EMOTIONS`, or none."""


class MoodState(StrEnum):
    """What a mood can report: a confident emotion, or one of two states that are not an emotion."""

    ANGRY = Emotion.ANGRY
    DISGUST = Emotion.DISGUST
    FEAR = Emotion.FEAR
    HAPPY = Emotion.HAPPY
    SAD = Emotion.SAD
    SURPRISE = Emotion.SURPRISE
    NEUTRAL = Emotion.NEUTRAL
    UNCERTAIN = "uncertain"
    ABSENT = "absent"

    def to_proto(self) -> mood_pb2.MoodState.ValueType:
        """The same state on the wire."""
        return mood_pb2.MoodState.Value(f"MOOD_STATE_{self.name}")

    @classmethod
    def from_proto(cls, value: mood_pb2.MoodState.ValueType) -> Self | None:
        """The state on the wire; None where it is unspecified or from a newer peer."""
        by_value = {state.to_proto(): state for state in cls}
        return by_value.get(value)


class Mood(BaseModel):
    """A person's state over seconds, as opposed to a reading of one frame."""

    state: MoodState
    probabilities: Probabilities = []
    """Averaged over time: seven numbers in 0..1 in the order of `contracts.emotion.EMOTIONS`; empty while absent."""
    valence: Annotated[float, Field(ge=-1, le=1)] = 0.0
    arousal: Annotated[float, Field(ge=-1, le=1)] = 0.0
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The highest probability."""
    since: Moment
    """When this state began, UTC."""

    def to_proto(self) -> mood_pb2.Mood:
        """The same mood on the wire."""
        return mood_pb2.Mood(
            state=self.state.to_proto(),
            probabilities=self.probabilities,
            valence=self.valence,
            arousal=self.arousal,
            confidence=self.confidence,
            since=to_timestamp(self.since),
        )

    @classmethod
    def from_proto(cls, message: mood_pb2.Mood) -> Self:
        """The mood on the wire; a state this version does not know reads as uncertain."""
        return cls(
            state=MoodState.from_proto(message.state) or MoodState.UNCERTAIN,
            probabilities=list(message.probabilities),
            valence=message.valence,
            arousal=message.arousal,
            confidence=message.confidence,
            since=from_timestamp(message.since),
        )


def to_timestamp(moment: datetime) -> Timestamp:
    """A moment on the wire.

    Raises:
        ValueError: `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone: pass an aware datetime, e.g. datetime.now(UTC)")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def from_timestamp(timestamp: Timestamp) -> datetime:
    """The moment on the wire, UTC."""
    return timestamp.ToDatetime(tzinfo=UTC)
