"""Our readings as they travel."""

from collections.abc import Sequence
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from contracts.pb.emoverse.v1 import emotion_pb2, mood_pb2
from servicekit.errors import EmoVerseError
from services.emotion.crops import SentCrop
from services.emotion.inbox import Frame
from services.emotion.readings import FaceReading, Reading, ReadingStatus
from services.emotion.session import Leave
from services.emotion.tracks import Box
from services.emotion.workload import Pace


def from_crops(message: emotion_pb2.AnalyzeImageRequest | emotion_pb2.Frame) -> list[SentCrop] | None:
    """The faces in it; None where it has a picture instead."""
    if not message.HasField("crops"):
        return None
    return [
        SentCrop(Box(face.box.x, face.box.y, face.box.width, face.box.height), face.pixels)
        for face in message.crops.faces
    ]


def to_status(status: ReadingStatus) -> emotion_pb2.ReadingStatus.ValueType:
    """The same status on the wire."""
    return emotion_pb2.ReadingStatus.Value(f"READING_STATUS_{status}")


def to_problem(error: EmoVerseError) -> mood_pb2.Problem:
    """An error as part of a result."""
    return mood_pb2.Problem(code=error.code, message=error.message, advice=error.advice)


def to_faces(faces: Sequence[FaceReading]) -> list[emotion_pb2.Face]:
    """The same faces on the wire, in the same order."""
    return [
        emotion_pb2.Face(
            box=emotion_pb2.Box(x=face.box.x, y=face.box.y, width=face.box.width, height=face.box.height),
            probabilities=face.prediction.probabilities if face.prediction else (),
            valence=face.affect.valence,
            arousal=face.affect.arousal,
            track_id=face.track_id,
            roll_degrees=face.roll,
        )
        for face in faces
    ]


def to_pace(pace: Pace) -> emotion_pb2.Pace:
    """The same wish on the wire."""
    return emotion_pb2.Pace(max_fps=pace.max_fps, useful_width_px=pace.width_px, useful_height_px=pace.height_px)


def to_reconnect(leave: Leave) -> emotion_pb2.Reconnect:
    """The same request on the wire."""
    return emotion_pb2.Reconnect(
        reason=emotion_pb2.ReconnectReason.Value(f"RECONNECT_REASON_{leave.reason}"),
        retry_after=_duration(leave.retry_after_s),
        grace=_duration(leave.grace_s),
    )


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration


def to_reading(frame: Frame, reading: Reading, dropped: int, now_s: float) -> emotion_pb2.Reading:
    """The answer to a frame.

    Args:
        dropped: frames of the stream dropped so far.
        now_s: of the performance counter, when it is sent.
    """
    return emotion_pb2.Reading(
        sequence=frame.sequence,
        captured_at=frame.captured_at,
        status=to_status(reading.status),
        faces=to_faces(reading.faces),
        mood=reading.mood.to_proto(),
        problem=to_problem(reading.problem) if reading.problem else None,
        processing_ms=(now_s - frame.received_s) * 1000,
        dropped=dropped,
        pace=to_pace(reading.pace) if reading.pace else None,
        lag_ms=frame.lag_s * 1000,
    )
