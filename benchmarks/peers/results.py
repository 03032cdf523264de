"""What each contender's pass over the frames gives."""

from collections.abc import Sequence

from pydantic import BaseModel

from benchmarks.peers.frames import Frame
from contracts.emotion import Emotion


class Pass(BaseModel):
    """One contender's pass over the frames."""

    wall_s: float
    cpu_s: float
    """User and system time of every process that took part."""
    emotions: list[Emotion | None]
    """The likeliest emotion of each frame's main face; None where no face was found."""


class PeerReport(BaseModel):
    """The figures of one contender."""

    fps: float
    cpu_ms_per_frame: float
    found_share: float
    """Frames in which a face was found, 0..1."""
    accuracy: float | None
    """Of the found faces, the share read as labelled: by most of FER+'s annotators, or as drawn."""
    accuracy_fer2013: float | None
    """The same against the original FER-2013 labels; null for drawn faces."""


class Skipped(BaseModel):
    """A contender that could not take part."""

    skipped: str
    """Why."""


def report(result: Pass, frames: Sequence[Frame]) -> PeerReport:
    """The figures of a pass over these frames."""
    found = [(emotion, frame) for emotion, frame in zip(result.emotions, frames, strict=True) if emotion]
    fer2013 = [emotion is frame.fer2013_label for emotion, frame in found if frame.fer2013_label]
    return PeerReport(
        fps=round(len(frames) / result.wall_s, 2),
        cpu_ms_per_frame=round(1000 * result.cpu_s / len(frames), 2),
        found_share=round(len(found) / len(frames), 3),
        accuracy=_share([emotion is frame.label for emotion, frame in found]),
        accuracy_fer2013=_share(fer2013),
    )


def _share(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 3) if right else None
