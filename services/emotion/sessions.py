"""One session for each stream: its frames, its faces, its mood; and all the sessions of this worker."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from contracts.events import MoodEvent
from servicekit.errors import EmoVerseError, OverloadedError, UnavailableError
from services.emotion.errors import BadImageError, StreamRuleError
from services.emotion.events import MoodReporter
from services.emotion.faces import LIVE, FoundFace
from services.emotion.following import FaceFollower
from services.emotion.inbox import Frame, FrameInbox
from services.emotion.lag import LagMeter
from services.emotion.mood import MoodTracker
from services.emotion.readings import FaceReader, FaceReading, Reading, ReadingStatus
from services.emotion.tracks import FaceTracks, Track

BEAT_S: Final = 0.5
"""How often moods age while no frame comes."""

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


@dataclass(eq=False)
class Session:
    """One person before one camera."""

    user_id: str
    id: str
    inbox: FrameInbox
    tracker: MoodTracker
    reporter: MoodReporter
    _reader: FaceReader
    _follower: FaceFollower
    _store: MoodStore
    _clock: Clock
    dropped: int = 0
    """Frames that were not read because newer ones came, or there was no capacity."""
    _last_sequence: int = -1

    def __post_init__(self) -> None:
        self._faces = FaceTracks()
        self._lag = LagMeter()

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
            sight = await self._reader.look(frame.image, frame.crops, LIVE, seek)
        except BadImageError as problem:
            return self._conclude(ReadingStatus.BAD_IMAGE, problem=problem)
        except OverloadedError as problem:
            return self._conclude(ReadingStatus.DROPPED, problem=problem)
        return await self._read_faces(sight.faces) if sight.faces else self._conclude(ReadingStatus.NO_FACE)

    async def _read_faces(self, found: list[FoundFace]) -> Reading:
        at = self._clock()
        tracks = self._faces.follow([face.box for face in found], at)
        crops = {face.box: face for face in found}
        main_seen = tracks[0].id == self._faces.main_id
        try:
            predictions = await self._reader.read([crops[track.box] for track in tracks])
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
        return Reading(status, faces or [], self.tracker.mood, problem)

    def beat(self) -> None:
        """Let the mood age, and publish it if that is due."""
        at = self._clock()
        self.tracker.advance(at)
        event = self.reporter.report(self.tracker.mood, at)
        if event is not None:
            self._store.offer(event)


def _unread(tracks: list[Track]) -> list[FaceReading]:
    return [FaceReading(track.box, None, track.id) for track in tracks]


class Sessions:
    """The sessions of this worker.

    Args:
        max_sessions: beyond these, a new one is refused.
        max_in_flight: see `FrameInbox`.
        heartbeat: see `MoodReporter`.
    """

    def __init__(
        self,
        reader: FaceReader,
        follower: Callable[[], FaceFollower],
        store: MoodStore,
        clock: Clock,
        max_sessions: int,
        max_in_flight: int,
        heartbeat: timedelta,
    ) -> None:
        self._reader = reader
        self._follower = follower
        self._store = store
        self._clock = clock
        self._max_sessions = max_sessions
        self._max_in_flight = max_in_flight
        self._heartbeat = heartbeat
        self._taken = 0
        self._sessions: set[Session] = set()
        self._draining = False

    @asynccontextmanager
    async def open(self, user_id: str, session_id: str) -> AsyncGenerator[Session]:
        """A session for as long as a stream lasts, with the mood the person had before.

        Raises:
            OverloadedError: there are `max_sessions` already.
            UnavailableError: this worker is stopping.
        """
        with self._place():
            session = await self._resume(user_id, session_id)
            if self._draining:
                raise _stopping()
            self._sessions.add(session)
            try:
                yield session
            finally:
                self._sessions.discard(session)

    @contextmanager
    def _place(self) -> Generator[None]:
        if self._taken >= self._max_sessions:
            raise OverloadedError(
                f"This worker serves {self._max_sessions} streams and takes no more.",
                "Try again in some seconds, or another worker.",
                code="streams_exhausted",
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def _resume(self, user_id: str, session_id: str) -> Session:
        latest = await self._store.latest(user_id)
        mood = latest.mood if latest else None
        return Session(
            user_id=user_id,
            id=session_id,
            inbox=FrameInbox(self._max_in_flight),
            tracker=MoodTracker(self._clock(), mood),
            reporter=MoodReporter(user_id, session_id, self._heartbeat, mood.state if mood else None),
            _reader=self._reader,
            _follower=self._follower(),
            _store=self._store,
            _clock=self._clock,
        )

    async def beat(self) -> None:
        """Let moods age, frames or no frames, for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            for session in self._sessions:
                session.beat()

    async def drain(self) -> None:
        """Take no new session, and end each one after the frames it has taken in."""
        self._draining = True
        for session in list(self._sessions):
            await session.inbox.close(_stopping())


def _stopping() -> UnavailableError:
    return UnavailableError("This worker is stopping.", "Connect again; another worker takes over.", code="stopping")
