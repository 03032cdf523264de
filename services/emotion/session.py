"""One person before one camera: their frames, their faces, their mood."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple, Protocol

from contracts.events import MoodEvent
from servicekit.errors import EmoVerseError, OverloadedError
from services.emotion.errors import BadImageError, StreamRuleError
from services.emotion.events import MoodReporter
from services.emotion.faces import LIVE, FoundFace
from services.emotion.following import FaceFollower
from services.emotion.inbox import Frame, FrameInbox
from services.emotion.lag import LagMeter
from services.emotion.metrics import EmotionMetrics, Stage
from services.emotion.mood import MoodTracker
from services.emotion.readings import FaceReader, FaceReading, Reading, ReadingStatus
from services.emotion.session_store import FaceState, Holder
from services.emotion.tracks import FaceTracks, Track
from services.emotion.vision import Sight
from services.emotion.workload import Pace, Workload, useful_size

Clock = Callable[[], datetime]
"""Now, UTC."""


class MoodStore(Protocol):
    """Where moods go, and come back from when a person returns."""

    async def latest(self, user_id: str) -> MoodEvent | None:
        """The last event published for a person, if it is known within a short time."""
        ...

    def offer(self, event: MoodEvent) -> None:
        """Publish soon. Never waits, never raises."""
        ...

    def forget(self, user_id: str) -> None:
        """Do not publish what still waits of this person."""
        ...


class LeaveReason(StrEnum):
    """Why a stream is to go on with another worker; the names are those of the wire."""

    DRAINING = "DRAINING"
    REBALANCING = "REBALANCING"


class Leave(NamedTuple):
    """What a stream is told that is to go on with another worker."""

    reason: LeaveReason
    retry_after_s: float
    grace_s: float
    """Until it is ended, or, for balance, stays; always longer than `retry_after_s`."""


@dataclass(frozen=True)
class Surroundings:
    """What the sessions of a worker share."""

    reader: FaceReader
    follower: Callable[[], FaceFollower]
    store: MoodStore
    clock: Clock
    workload: Workload
    metrics: EmotionMetrics


@dataclass(eq=False)
class Session:
    """Reads one stream's frames, one after the other."""

    holder: Holder
    inbox: FrameInbox
    tracker: MoodTracker
    reporter: MoodReporter
    around: Surroundings
    resumed: bool = False
    """The session was known before."""
    claimed: bool = True
    """Redis knows whose it is."""
    token_id: str | None = None
    """Of the token that the stream was opened with."""
    dropped: int = 0
    """Frames that were not read because newer ones came, or there was no capacity."""
    superseded: bool = False
    """A newer stream has the session: what this one sees is nobody's mood."""
    leaving: bool = False
    """The client was asked to go on with another worker, and may still do so."""
    leaves: asyncio.Queue[Leave] = field(default_factory=asyncio.Queue[Leave])
    """What it is still to be told of that."""
    _last_sequence: int = -1

    def __post_init__(self) -> None:
        self.opened_s = asyncio.get_running_loop().time()
        self._faces = FaceTracks()
        self._lag = LagMeter()
        self._follower = self.around.follower()
        self.pace = Pace(self.around.workload.fps_each)
        """Told last."""

    @property
    def face(self) -> FaceState:
        """What is known of the person."""
        return FaceState(memory=self.tracker.memory, reported=self.reporter.reported, at=self.around.clock())

    def leave(self, leave: Leave) -> None:
        """Ask the client to go on with another worker."""
        self.leaving = True
        self.leaves.put_nowait(leave)

    async def receive(self, frame: Frame) -> None:
        """Take a frame in.

        Raises:
            StreamRuleError: its sequence is not above the last one's.
        """
        if frame.sequence <= self._last_sequence:
            raise StreamRuleError(
                f"Frame {frame.sequence} came after frame {self._last_sequence}.",
                "Number the frames of a stream upwards, each once.",
                code="sequence_not_increasing",
            )
        self._last_sequence = frame.sequence
        self.around.metrics.received.inc()
        if captured_s := frame.captured_at.seconds + frame.captured_at.nanos / 1e9:
            frame.lag_s = self._lag.measure(captured_s, frame.received_s)
        await self.inbox.put(frame)

    async def read(self, frame: Frame) -> Reading:
        """What came of a frame out of the inbox; never raises for what is wrong with the frame or the model."""
        if frame.dropped:
            late = OverloadedError(
                "A newer frame arrived before this one was read.", "Send fewer frames.", code="frame_superseded"
            )
            return self._conclude(ReadingStatus.DROPPED, problem=late)
        try:
            seek = partial(self._follower.look, at_s=frame.received_s)
            with self.around.metrics.stage(Stage.LOOK):
                sight = await self.around.reader.look(frame.image, frame.crops, LIVE, seek)
        except BadImageError as problem:
            return self._conclude(ReadingStatus.BAD_IMAGE, problem=problem)
        except OverloadedError as problem:
            return self._conclude(ReadingStatus.DROPPED, problem=problem)
        reading = await self._read_faces(sight.faces) if sight.faces else self._conclude(ReadingStatus.NO_FACE)
        self.around.workload.answered(frame.received_s, time.perf_counter())
        return reading._replace(pace=self._new_pace(sight))

    async def _read_faces(self, found: list[FoundFace]) -> Reading:
        at = self.around.clock()
        tracks = self._faces.follow([face.box for face in found], at)
        crops = {face.box: face for face in found}
        main_seen = tracks[0].id == self._faces.main_id
        try:
            with self.around.metrics.stage(Stage.READ):
                predictions = await self.around.reader.read([crops[track.box] for track in tracks])
        except EmoVerseError as problem:
            if main_seen:
                self.tracker.observe_unread(at)
            return self._conclude(ReadingStatus.DEGRADED, _unread(tracks), problem)
        if main_seen:
            self.tracker.observe(*predictions[0], at)
        faces = [
            FaceReading(track.box, prediction, track.id, crops[track.box].roll)
            for track, prediction in zip(tracks, predictions, strict=True)
        ]
        return self._conclude(ReadingStatus.OK, faces)

    def _conclude(
        self, status: ReadingStatus, faces: list[FaceReading] | None = None, problem: EmoVerseError | None = None
    ) -> Reading:
        self.beat()
        self.dropped += status is ReadingStatus.DROPPED
        self.around.metrics.answered(status)
        return Reading(status, faces or [], self.tracker.mood, problem)

    def _new_pace(self, sight: Sight) -> Pace | None:
        smallest = min((face.box.width for face in sight.faces), default=None)
        pace = Pace(self.around.workload.fps_each, *useful_size(sight.size, smallest))
        if not pace.differs(self.pace):
            return None
        self.pace = pace
        return pace

    def beat(self) -> None:
        """Let the mood age, and publish it if that is due."""
        at = self.around.clock()
        self.tracker.advance(at)
        if not self.superseded and (event := self.reporter.report(self.tracker.mood, at)):
            self.around.store.offer(event)


def _unread(tracks: list[Track]) -> list[FaceReading]:
    return [FaceReading(track.box, None, track.id) for track in tracks]
