"""What a picture shows, as browsers see it, and the messages of a capture channel."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from contracts.emotion import EMOTIONS, Emotion
from contracts.mood import Mood
from contracts.pb.emoverse.v1 import emotion_pb2
from contracts.recommendation import SignedUnit, UnitInterval
from services.gateway.models import MoodView

_STATUS_PREFIX = "READING_STATUS_"


class Box(BaseModel):
    """Pixels of the picture as sent; the origin is its top left corner."""

    x: int
    y: int
    width: int
    height: int


class FaceView(BaseModel):
    """A face and what it shows."""

    box: Box
    probabilities: Annotated[
        dict[Emotion, UnitInterval], Field(description="Summing to 1; empty while the model does not answer")
    ]
    valence: SignedUnit
    arousal: SignedUnit
    track_id: Annotated[int, Field(description="The same face keeps its id from frame to frame; 0 in a picture")]
    roll_degrees: float

    @classmethod
    def of(cls, face: emotion_pb2.Face) -> Self:
        """The face with its probabilities by name."""
        box = Box(x=face.box.x, y=face.box.y, width=face.box.width, height=face.box.height)
        # 32-bit numbers on the wire: what rounding put outside is put back.
        numbers = [min(max(value, 0.0), 1.0) for value in face.probabilities]
        return cls(
            box=box,
            probabilities=dict(zip(EMOTIONS, numbers, strict=True)) if numbers else {},
            valence=face.valence,
            arousal=face.arousal,
            track_id=face.track_id,
            roll_degrees=face.roll_degrees,
        )


class PictureReading(BaseModel):
    """Every face in a picture, the largest first."""

    width: int
    height: int
    faces: list[FaceView]

    @classmethod
    def of(cls, answer: emotion_pb2.AnalyzeImageResponse) -> Self:
        """What the emotion service answered."""
        faces = [FaceView.of(face) for face in answer.faces]
        return cls(width=answer.image_width, height=answer.image_height, faces=faces)


class Welcome(BaseModel):
    """The first message of a capture channel."""

    type: Literal["welcome"] = "welcome"
    max_in_flight: int
    """Frames that may be unanswered; more only replace one another."""
    max_image_bytes: int


class ConnectionMessage(BaseModel):
    """How the gateway stands with the emotion service."""

    type: Literal["connection"] = "connection"
    state: Literal["connected", "retrying"]
    detail: str


class ProblemMessage(BaseModel):
    """Why a frame was not read."""

    code: str
    message: str
    advice: str


class ReadingMessage(BaseModel):
    """The answer to a frame, and to every earlier one that has none: those were superseded."""

    type: Literal["reading"] = "reading"
    sequence: int
    """Of the frame, counted from 1 in the order in which the channel's frames came."""
    status: str
    """ok, no_face, bad_image, dropped or degraded."""
    faces: list[FaceView] = []
    mood: MoodView | None = None
    problem: ProblemMessage | None = None
    latency_ms: float = 0.0
    """From frame sent to reading received, between gateway and emotion service."""

    @classmethod
    def of(cls, reading: emotion_pb2.Reading, latency_ms: float) -> Self:
        """What the emotion service read."""
        problem = reading.problem if reading.HasField("problem") else None
        return cls(
            sequence=reading.sequence,
            status=emotion_pb2.ReadingStatus.Name(reading.status).removeprefix(_STATUS_PREFIX).lower(),
            faces=[FaceView.of(face) for face in reading.faces],
            mood=MoodView.of(Mood.from_proto(reading.mood)) if reading.HasField("mood") else None,
            problem=ProblemMessage(code=problem.code, message=problem.message, advice=problem.advice)
            if problem
            else None,
            latency_ms=round(latency_ms, 1),
        )
