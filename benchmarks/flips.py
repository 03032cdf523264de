"""`python -m benchmarks.flips`: how steady and how true a mood is, against what the frames alone would say.

People are simulated: each shows one expression after the other for a while, blinks, talks and turns away meanwhile, and
is read with noise, some as sad at rest. The tracker of the emotion service reads the same sequence as the rivals.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Final, NamedTuple

import typer
from pydantic import BaseModel

from contracts.emotion import EMOTIONS, Emotion
from contracts.mood import MoodState
from services.emotion.mood import MoodRules, MoodTracker

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
UNCERTAIN_BELOW: Final = 0.4
SHOWN: Final = (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.NEUTRAL, Emotion.SAD, Emotion.NEUTRAL, Emotion.SURPRISE)
SHOWN_S: Final = (15.0, 45.0)
"""How long each expression lasts."""
SETTLING_S: Final = 4.0
"""How long after a change of expression no answer counts as wrong."""
CONCENTRATION: Final = 6.0
"""Of the Dirichlet distribution around what an expression reads like: the lower, the noisier."""


class Reading(NamedTuple):
    """What one frame showed."""

    at: datetime
    probabilities: Sequence[float] | None
    """None: no face was found."""
    truth: Emotion
    settled: bool


class Figures(BaseModel):
    """How one way of telling a mood did."""

    flips_per_minute: float
    wrong_share: float
    """Of the settled time; a mood that is uncertain or absent is not wrong."""
    silent_share: float
    """Of the settled time, uncertain or absent."""
    sad_while_neutral_share: float
    """Of the settled time in which the face was at rest."""


class Report(BaseModel):
    """The same people, told in several ways."""

    people: int
    fps: float
    minutes_each: float
    changes_per_minute: float
    """Of the expression itself."""
    frames: Figures
    """The likeliest emotion of each frame."""
    averaged: Figures
    """Averaged over time, without hysteresis, dwell or a resting face."""
    mood: Figures
    """As the emotion service tells it."""
    by_person_sad_at_rest: dict[str, Figures]
    """The same three, of those people alone whose resting face reads as sad."""


class Person:
    """Somebody before a camera; the same seed shows the same.

    Args:
        sad_at_rest: whether their resting face reads as sad rather than neutral.
    """

    def __init__(self, seed: int, sad_at_rest: bool) -> None:
        self._random = random.Random(seed)
        self._sad_at_rest = sad_at_rest
        self._hidden_until = self._moving_until = 0.0

    def readings(self, fps: float, minutes: float) -> Iterator[Reading]:
        """What the frames show, one after the other."""
        number, ends, began, at = 0, self._random.uniform(*SHOWN_S), 0.0, 0.0
        while at < 60 * minutes:
            if at >= ends:
                number, began, ends = number + 1, at, at + self._random.uniform(*SHOWN_S)
            truth = SHOWN[number % len(SHOWN)]
            yield Reading(START + timedelta(seconds=at), self._read(truth, at, fps), truth, at - began >= SETTLING_S)
            at += 1 / fps

    def _read(self, truth: Emotion, at: float, fps: float) -> list[float] | None:
        if self._begins(at, fps, every_s=20, self_until=self._hidden_until):
            self._hidden_until = at + self._random.uniform(0.5, 2.0)
        if self._begins(at, fps, every_s=4, self_until=self._moving_until):
            self._moving_until = at + self._random.uniform(0.1, 0.8)
        if at < self._hidden_until:
            return None if self._random.random() < 0.6 else self._noisy({Emotion.FEAR: 0.3, Emotion.SAD: 0.4})  # noqa: PLR2004
        if at < self._moving_until:
            return self._noisy(self._random.choice(({Emotion.SAD: 0.6}, {Emotion.SURPRISE: 0.6}, {Emotion.ANGRY: 0.5})))
        return self._noisy(self._expression(truth))

    def _begins(self, at: float, fps: float, every_s: float, self_until: float) -> bool:
        return at >= self_until and self._random.random() < 1 / (every_s * fps)

    def _expression(self, truth: Emotion) -> dict[Emotion, float]:
        if truth is Emotion.NEUTRAL:
            sad, neutral = (0.46, 0.36) if self._sad_at_rest else (0.18, 0.6)
            return {Emotion.SAD: sad, Emotion.NEUTRAL: neutral}
        if truth is Emotion.SAD:
            return {Emotion.SAD: 0.7, Emotion.NEUTRAL: 0.15}
        return {truth: 0.65, Emotion.NEUTRAL: 0.15}

    def _noisy(self, mean: dict[Emotion, float]) -> list[float]:
        rest = (1 - sum(mean.values())) / (len(EMOTIONS) - len(mean))
        drawn = [self._random.gammavariate(CONCENTRATION * mean.get(each, rest), 1) + 1e-9 for each in EMOTIONS]
        return [each / sum(drawn) for each in drawn]


Teller = Callable[[Reading], MoodState]


def by_frame() -> Teller:
    """What each frame says."""

    def tell(reading: Reading) -> MoodState:
        if reading.probabilities is None:
            return MoodState.ABSENT
        return MoodState(EMOTIONS[max(range(len(EMOTIONS)), key=reading.probabilities.__getitem__)])

    return tell


def by_tracker(rules: MoodRules, resting: bool) -> Teller:
    """What a tracker says."""
    tracker = MoodTracker(START, rules=rules, learn_resting=resting)

    def tell(reading: Reading) -> MoodState:
        if reading.probabilities is None:
            tracker.advance(reading.at)
        else:
            tracker.observe(reading.probabilities, UNCERTAIN_BELOW, reading.at)
        return tracker.mood.state

    return tell


WAYS: Final[dict[str, Callable[[], Teller]]] = {
    "frames": by_frame,
    "averaged": lambda: by_tracker(MoodRules(lead=0.0, dwell=timedelta(0)), resting=False),
    "mood": lambda: by_tracker(MoodRules(), resting=True),
}


def figures(readings: Sequence[Sequence[Reading]], way: Callable[[], Teller]) -> Figures:
    """How a way of telling does on the readings of several people."""
    told = [[tell(reading) for reading in person] for person in readings for tell in (way(),)]
    minutes = sum((person[-1].at - person[0].at).total_seconds() for person in readings) / 60
    settled = [
        (reading.truth, state)
        for person, states in zip(readings, told, strict=True)
        for reading, state in zip(person, states, strict=True)
        if reading.settled
    ]
    silent = [state in {MoodState.UNCERTAIN, MoodState.ABSENT} for _, state in settled]
    wrong = [state is not MoodState(truth) for truth, state in settled]
    sad = [state is MoodState.SAD for truth, state in settled if truth is Emotion.NEUTRAL]
    return Figures(
        flips_per_minute=round(sum(_flips(states) for states in told) / minutes, 2),
        wrong_share=round(_mean([one and not other for one, other in zip(wrong, silent, strict=True)]), 4),
        silent_share=round(_mean(silent), 4),
        sad_while_neutral_share=round(_mean(sad), 4),
    )


def _flips(states: Sequence[MoodState]) -> int:
    return sum(one is not other for one, other in pairwise(states))


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / max(1, len(values))


def measure(people: int, fps: float, minutes: float) -> Report:
    """Every third person looks sad at rest."""
    sad_at_rest = [index % 3 == 0 for index in range(people)]
    readings = [list(Person(index, sad).readings(fps, minutes)) for index, sad in enumerate(sad_at_rest)]
    sad_looking = [person for person, sad in zip(readings, sad_at_rest, strict=True) if sad]
    changes = sum(one.truth is not other.truth for person in readings for one, other in pairwise(person))
    return Report(
        people=people,
        fps=fps,
        minutes_each=minutes,
        changes_per_minute=round(changes / (people * minutes), 2),
        **{name: figures(readings, way) for name, way in WAYS.items()},
        by_person_sad_at_rest={name: figures(sad_looking, way) for name, way in WAYS.items()},
    )


def main(
    people: Annotated[int, typer.Option(min=1, help="How many people are simulated.")] = 12,
    fps: Annotated[float, typer.Option(min=1.0, help="Frames a second.")] = 10.0,
    minutes: Annotated[float, typer.Option(min=1.0, help="How long each is watched.")] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure flips per minute and how often the mood is wrong, before and after averaging, hysteresis and dwell."""
    typer.echo(measure(people, fps, minutes).model_dump_json(indent=None if json else 2))


if __name__ == "__main__":
    typer.run(main)
