"""From readings of single frames to a mood: averaged over time, slow to change its mind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel

from contracts.emotion import EMOTIONS, affect_of
from contracts.moment import Moment
from contracts.mood import Mood, MoodState, Probabilities
from services.emotion.resting import RestingFace


@dataclass(frozen=True)
class MoodRules:
    """How fast a mood follows a face."""

    time_constant: timedelta = timedelta(seconds=2)
    """After this long a lasting change of expression makes up 63 % of the average."""
    longest_reading: timedelta = timedelta(seconds=0.5)
    """What one reading counts for at most, so that the first one after a gap does not outweigh all before it."""
    lead: float = 0.1
    """How far another state's probability must be ahead to challenge the present state."""
    dwell: timedelta = timedelta(seconds=1)
    """How long a state must be challenged by the same other one before it gives way."""
    absent_after: timedelta = timedelta(seconds=3)
    """How long without a face until the person counts as away, or with one but no reading of it, as uncertain."""


class MoodMemory(BaseModel):
    """All that a tracker goes on with on another stream or worker."""

    state: MoodState
    since: Moment
    average: Probabilities = []
    """As the model read the face; `Mood.probabilities` are those without the resting face."""
    resting: RestingFace = RestingFace()

    @classmethod
    def of(cls, mood: Mood) -> Self:
        """What a mood tells."""
        return cls(state=mood.state, since=mood.since, average=mood.probabilities)


class MoodTracker:
    """The mood of one person. Pure: time comes in with every call, and may be set back.

    Args:
        start: now, UTC.
        resumed: of this person, from an earlier stream or another worker.
        learn_resting: whether the shape of the face at rest is kept out of the mood.
    """

    def __init__(
        self,
        start: datetime,
        resumed: MoodMemory | None = None,
        rules: MoodRules | None = None,
        learn_resting: bool = True,
    ) -> None:
        self._learn_resting = learn_resting
        self._rules = rules or MoodRules()
        self._state = resumed.state if resumed else MoodState.ABSENT
        self._since = resumed.since if resumed else start
        self._average = list(resumed.average) if resumed else []
        self._resting = resumed.resting.model_copy() if resumed else RestingFace()
        self._face_at = self._reading_at = start
        self._challenger: tuple[MoodState, datetime] | None = None

    def observe(self, probabilities: Sequence[float], uncertain_below: float, at: datetime) -> None:
        """Take in a reading of the main face.

        Args:
            probabilities: seven numbers in 0..1 in the order of `EMOTIONS`, summing to 1.
            uncertain_below: the model's threshold, 0..1: no emotion stands out while the highest average is below it.
            at: when the frame was received.
        """
        self.advance(at)
        self._blend(probabilities, at)
        self._face_at = self._reading_at = at
        self._judge(uncertain_below, at)

    def observe_unread(self, at: datetime) -> None:
        """Take in a face that the model did not answer for."""
        self.advance(at)
        self._face_at = at

    def advance(self, at: datetime) -> None:
        """Let time pass."""
        self._forget_later_than(at)
        if at - self._face_at >= self._rules.absent_after:
            self._average = []
            self._enter(MoodState.ABSENT, at)
        elif at - self._reading_at >= self._rules.absent_after and self._average:
            self._enter(MoodState.UNCERTAIN, at)

    def _forget_later_than(self, at: datetime) -> None:
        # Where the clock was set back, nothing is waited for until it has caught up: all of that was just now.
        self._since, self._face_at, self._reading_at = (
            min(moment, at) for moment in (self._since, self._face_at, self._reading_at)
        )
        if self._challenger:
            self._challenger = (self._challenger[0], min(self._challenger[1], at))

    @property
    def mood(self) -> Mood:
        """The mood as of the last call."""
        if self._state is MoodState.ABSENT or not self._average:
            return Mood(state=self._state, since=self._since)
        probabilities = self._resting.correct(self._average)
        affect = affect_of(probabilities)
        return Mood(
            state=self._state,
            probabilities=probabilities,
            valence=affect.valence,
            arousal=affect.arousal,
            confidence=max(probabilities),
            since=self._since,
        )

    @property
    def memory(self) -> MoodMemory:
        """To go on with elsewhere."""
        return MoodMemory(state=self._state, since=self._since, average=self._average, resting=self._resting)

    def _blend(self, probabilities: Sequence[float], at: datetime) -> None:
        if not self._average:
            self._average = list(probabilities)
            return
        elapsed = min(max(at - self._reading_at, timedelta(0)), self._rules.longest_reading)
        if self._learn_resting:
            self._resting.learn(probabilities, elapsed.total_seconds())
        weight = 1 - math.exp(-elapsed / self._rules.time_constant)
        self._average = [old + weight * (new - old) for old, new in zip(self._average, probabilities, strict=True)]

    def _judge(self, uncertain_below: float, at: datetime) -> None:
        candidate = self._candidate(uncertain_below)
        if candidate is self._state:
            self._challenger = None
        elif self._challenger is None or not self._same_challenge(candidate):
            self._challenger = (candidate, at)
        elif at - self._challenger[1] >= self._rules.dwell:
            self._enter(candidate, at)

    def _same_challenge(self, candidate: MoodState) -> bool:
        # Whatever the face shows, it ends an absence.
        return self._challenger is not None and (self._state is MoodState.ABSENT or self._challenger[0] is candidate)

    def _candidate(self, uncertain_below: float) -> MoodState:
        corrected = self._resting.correct(self._average)
        scores = {MoodState(emotion): p for emotion, p in zip(EMOTIONS, corrected, strict=True)}
        best = max(scores, key=scores.__getitem__)
        if self._state in scores:
            # Hysteresis: the present emotion stays until another leads clearly, or all have faded clearly.
            if scores[best] - scores[self._state] < self._rules.lead:
                best = self._state
            uncertain_below -= self._rules.lead / 2
        return best if scores[best] >= uncertain_below else MoodState.UNCERTAIN

    def _enter(self, state: MoodState, at: datetime) -> None:
        self._challenger = None
        if state is not self._state:
            self._state, self._since = state, at
