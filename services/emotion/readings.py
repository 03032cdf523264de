"""From a picture to what its faces say."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from contracts.emotion import Affect, affect_of
from contracts.mood import Mood
from servicekit.errors import EmoVerseError, UnavailableError
from services.emotion.batcher import Batcher
from services.emotion.crops import SentCrop, faces_of
from services.emotion.errors import BadImageError
from services.emotion.faces import FaceCrop, FoundFace, Search
from services.emotion.image_headers import ImageSize
from services.emotion.predictions import Prediction
from services.emotion.tracks import Box
from services.emotion.vision import Seek, Sight, Vision
from services.emotion.workload import Pace


class ReadingStatus(StrEnum):
    """What came of a frame; the names are those of the wire."""

    OK = "OK"
    NO_FACE = "NO_FACE"
    BAD_IMAGE = "BAD_IMAGE"
    DROPPED = "DROPPED"
    DEGRADED = "DEGRADED"


@dataclass(frozen=True)
class FaceReading:
    """A face and what the model reads in it."""

    box: Box
    prediction: Prediction | None
    """None while degraded."""
    track_id: int = 0
    """0 in a static picture."""
    roll: float = 0.0
    """Degrees that the head leans, clockwise."""

    @property
    def affect(self) -> Affect:
        """Where it lies in the valence-arousal plane; the origin while degraded."""
        return affect_of(self.prediction.probabilities) if self.prediction else Affect(0.0, 0.0)


class Reading(NamedTuple):
    """What came of one frame of a stream."""

    status: ReadingStatus
    faces: Sequence[FaceReading]
    """The main face first."""
    mood: Mood
    problem: EmoVerseError | None = None
    pace: Pace | None = None
    """What to tell the client of it."""


class FaceReader:
    """Shared by every stream: one set of threads, one batcher.

    Args:
        timeout_s: how long a face may wait for its batch and the model together.
    """

    def __init__(self, vision: Vision, batcher: Batcher[FaceCrop, Prediction], timeout_s: float) -> None:
        self._vision = vision
        self._batcher = batcher
        self._timeout_s = timeout_s

    async def look(self, image: bytes, crops: Sequence[SentCrop] | None, search: Search, seek: Seek) -> Sight:
        """The faces in a picture, or those that came instead of it; then the size is 0 x 0.

        Raises:
            BadImageError: see `Vision.look` and `faces_of`, or there are both.
            OverloadedError: see `Vision.look`.
        """
        if crops is None:
            return await self._vision.look(image, seek)
        if image:
            raise BadImageError("There are a picture and faces.", "Send one or the other.", code="image_and_crops")
        return Sight(ImageSize(0, 0), faces_of(crops, search.max_faces))

    async def read(self, faces: Sequence[FoundFace]) -> list[Prediction]:
        """One prediction a face, in their order.

        Raises:
            UnavailableError: the model did not answer in time or at all.
            OverloadedError: too many faces wait for it already.
            ConfigurationError: the served model is not one this service can read.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.gather(*(self._batcher.submit(face.crop) for face in faces))
        except TimeoutError as error:
            raise UnavailableError(
                f"The model did not answer within {self._timeout_s:g} s.", "Send fewer frames.", code="model_timeout"
            ) from error
