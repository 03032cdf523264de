"""A reading, and a frame that is to be read, as JSON for other programs."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Self

import cv2
import numpy as np
from pydantic import BaseModel

from contracts.emotion import EMOTIONS, Emotion
from contracts.mood import MoodState, from_timestamp
from contracts.pb.emoverse.v1 import emotion_pb2, mood_pb2
from servicekit.emotion_client.frames import Frame
from servicekit.emotion_client.leg import TimedReading

DIGITS = 4
"""What is worth printing of the wire's single-precision numbers."""


class BoxReport(BaseModel):
    """Pixels of the picture as sent; the origin is its top left corner."""

    x: int
    y: int
    width: int
    height: int


class FrameReport(BaseModel):
    """One line of `--dry-run`: what would be sent of a picture."""

    sequence: int
    bytes: int
    """Of the JPEG, or of all crops."""
    width: int | None
    """Of the JPEG; null where crops are sent, or the file is no picture."""
    height: int | None
    crops: list[BoxReport] | None
    """Where the faces are that would be sent instead of the picture."""

    @classmethod
    def of(cls, sequence: int, frame: Frame) -> Self:
        """Of a frame."""
        if frame.crops is None:
            width, height = _size_of(frame.image)
            return cls(sequence=sequence, bytes=len(frame.image), width=width, height=height, crops=None)
        boxes = [BoxReport(x=crop.x, y=crop.y, width=crop.width, height=crop.height) for crop in frame.crops]
        size = sum(len(crop.pixels) for crop in frame.crops)
        return cls(sequence=sequence, bytes=size, width=None, height=None, crops=boxes)

    def __str__(self) -> str:
        """For a person."""
        if self.crops is None:
            what = f"a picture of {self.width}x{self.height}" if self.width else "a file that is no picture"
        else:
            places = ", ".join(f"{box.width}x{box.height} at {box.x},{box.y}" for box in self.crops)
            what = f"faces: {places or 'none'}"
        return f"frame {self.sequence}: {self.bytes:,} bytes, {what}"


def _size_of(image: bytes) -> tuple[int, int] | tuple[None, None]:
    with suppress(cv2.error):
        decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
        if decoded is not None:  # pyright: ignore[reportUnnecessaryComparison]  (the stubs do not know that it can fail)
            return decoded.shape[1], decoded.shape[0]
    return None, None


class FaceReport(BaseModel):
    """One face."""

    box: BoxReport
    probabilities: dict[Emotion, float]
    """Empty while the emotion model does not answer."""
    valence: float
    arousal: float
    track_id: int


class MoodReport(BaseModel):
    """The person's mood after this frame."""

    state: MoodState
    probabilities: dict[Emotion, float]
    """Empty while absent."""
    valence: float
    arousal: float
    confidence: float
    since: datetime

    @classmethod
    def from_proto(cls, mood: mood_pb2.Mood) -> Self:
        """The mood on the wire."""
        return cls(
            state=MoodState.from_proto(mood.state) or MoodState.UNCERTAIN,
            probabilities=_by_emotion(mood.probabilities),
            valence=round(mood.valence, DIGITS),
            arousal=round(mood.arousal, DIGITS),
            confidence=round(mood.confidence, DIGITS),
            since=from_timestamp(mood.since),
        )


class ProblemReport(BaseModel):
    """Why there is no better reading."""

    code: str
    message: str
    advice: str


class ReadingReport(BaseModel):
    """One line of `--json`."""

    sequence: int
    status: str
    """ok, no_face, bad_image, dropped or degraded."""
    faces: list[FaceReport]
    mood: MoodReport | None
    valence: float | None
    """The mood's; null without one."""
    arousal: float | None
    latency_ms: float
    """From frame sent to reading received."""
    problem: ProblemReport | None

    @classmethod
    def from_reading(cls, timed: TimedReading) -> Self:
        """The reading on the wire."""
        reading = timed.reading
        mood = MoodReport.from_proto(reading.mood) if reading.HasField("mood") else None
        return cls(
            sequence=reading.sequence,
            status=status_name(reading.status),
            faces=[_face(face) for face in reading.faces],
            mood=mood,
            valence=mood and mood.valence,
            arousal=mood and mood.arousal,
            latency_ms=round(timed.latency_ms, 1),
            problem=_problem(reading.problem) if reading.HasField("problem") else None,
        )


def status_name(status: emotion_pb2.ReadingStatus.ValueType) -> str:
    """The short name, e.g. "no_face"; one from a newer server is told by its number."""
    if status not in emotion_pb2.ReadingStatus.values():
        return str(status)
    return emotion_pb2.ReadingStatus.Name(status).removeprefix("READING_STATUS_").lower()


def _face(face: emotion_pb2.Face) -> FaceReport:
    box = face.box
    return FaceReport(
        box=BoxReport(x=box.x, y=box.y, width=box.width, height=box.height),
        probabilities=_by_emotion(face.probabilities),
        valence=round(face.valence, DIGITS),
        arousal=round(face.arousal, DIGITS),
        track_id=face.track_id,
    )


def _problem(problem: mood_pb2.Problem) -> ProblemReport:
    return ProblemReport(code=problem.code, message=problem.message, advice=problem.advice)


def _by_emotion(probabilities: Iterable[float]) -> dict[Emotion, float]:
    return {emotion: round(p, DIGITS) for emotion, p in zip(EMOTIONS, probabilities, strict=False)}
