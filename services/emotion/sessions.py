"""All the sessions of this worker: who may come, who has which, and how they leave."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid4

from contracts.mood import MoodState
from servicekit.errors import ConflictError, EmoVerseError, ForbiddenError, OverloadedError, UnavailableError
from services.emotion.events import MoodReporter
from services.emotion.inbox import FrameInbox
from services.emotion.mood import MoodMemory, MoodTracker
from services.emotion.session import Leave, LeaveReason, Session, Surroundings
from services.emotion.session_store import FaceState, Hold, Holder, SessionStore

BEAT_S: Final = 0.5
"""How often moods age while no frame comes."""
KEEP_S: Final = 1.0
"""How often what is known of each person is kept: what a worker that dies suddenly takes with it."""
RECHECK_S: Final = 30.0
"""How often the tokens of open streams are looked at again: an event that says so may be lost."""
MAX_PARTED: Final = 1000
LAST_ANSWERS_S: Final = 1.0
"""How long after their grace streams may take to end."""
RETRY_AFTER_S: Final = (2.0, 6.0)
"""When a refused stream may try again: at random in between, so that not all come at once."""
SETTLED_S: Final = 30.0
"""How old a stream must be to be moved for balance."""


class SessionRules(NamedTuple):
    """What a worker grants its streams."""

    max_sessions: int
    """Beyond these, a new one is refused."""
    max_in_flight: int
    """See `FrameInbox`."""
    heartbeat: timedelta
    """See `MoodReporter`."""
    mood_ttl: timedelta
    """How long a person's mood goes on without them."""
    grace_s: float
    """How long a stream that was asked to leave is still answered."""


class Sessions:
    """Opens them, keeps what they know, sends them away."""

    def __init__(self, around: Surroundings, store: SessionStore, rules: SessionRules) -> None:
        self._around = around
        self._store = store
        self._workload = around.workload
        self._rules = rules
        self._sessions: dict[str, Session] = {}
        self._parted: deque[tuple[Holder, FaceState]] = deque(maxlen=MAX_PARTED)
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False

    @property
    def staying(self) -> list[Session]:
        """Those that were not asked to leave, or found no place elsewhere, the oldest first."""
        return [session for session in self._sessions.values() if not session.leaving]

    @property
    def room(self) -> int:
        """How many more streams are taken."""
        return max(0, min(self._rules.max_sessions - self._workload.streams, self._workload.room))

    @asynccontextmanager
    async def open(self, user_id: str, session_id: str, token_id: str | None = None) -> AsyncGenerator[Session]:
        """A session for as long as a stream lasts, with the mood the person had before.

        An earlier stream of the session ends after the frames it has taken in.

        Raises:
            OverloadedError: there are `max_sessions` already, or there is no capacity for another.
            ForbiddenError: the session is somebody else's.
            UnavailableError: this worker is stopping.
        """
        with self._place(session_id):
            session = await self._resume(user_id, session_id)
            session.token_id = token_id
            if self._draining:
                raise _stopping()
            await self._enter(session)
            try:
                yield session
            finally:
                self._part(session)

    async def _enter(self, session: Session) -> None:
        earlier = self._earlier(session.holder)
        self._sessions[session.holder.session_id] = session
        self._empty.clear()
        if earlier:
            await _supersede(earlier)

    def _earlier(self, holder: Holder) -> Session | None:
        earlier = self._sessions.get(holder.session_id)
        if earlier and earlier.holder.user_id != holder.user_id:
            raise _foreign(holder.session_id)
        return earlier

    @contextmanager
    def _place(self, session_id: str) -> Generator[None]:
        # Who comes back before their old stream has ended takes its place.
        if session_id not in self._sessions:
            self._refuse_beyond_capacity()
        self._workload.streams += 1
        try:
            yield
        finally:
            self._workload.streams -= 1

    def _refuse_beyond_capacity(self) -> None:
        if self.room:
            return
        self._around.metrics.refused.inc()
        raise OverloadedError(
            f"This worker serves {self._workload.streams} streams and takes no more.",
            "Try again in some seconds, or another worker.",
            code="streams_exhausted",
            retry_after_s=random.uniform(*RETRY_AFTER_S),
        )

    async def _resume(self, user_id: str, session_id: str) -> Session:
        holder = Holder(session_id, user_id, uuid4().hex)
        earlier = self._earlier(holder)
        hold, kept = await self._store.claim(holder)
        if hold is Hold.FOREIGN:
            raise _foreign(session_id)
        face = earlier.face if earlier else kept or await self._face_of_mood(user_id)
        session = self._create(holder, face)
        session.resumed = earlier is not None or hold is Hold.RESUMED
        session.claimed = hold is not Hold.UNKNOWN
        return session

    async def _face_of_mood(self, user_id: str) -> FaceState | None:
        latest = await self._around.store.latest(user_id)
        if latest is None:
            return None
        return FaceState(memory=MoodMemory.of(latest.mood), reported=latest.mood.state, at=self._around.clock())

    def _create(self, holder: Holder, face: FaceState | None) -> Session:
        now = self._around.clock()
        if face and face.age_s > self._rules.mood_ttl.total_seconds():
            memory = MoodMemory(state=MoodState.ABSENT, since=now, resting=face.memory.resting)
            face = FaceState(memory=memory, at=now)
        return Session(
            holder=holder,
            inbox=FrameInbox(self._rules.max_in_flight),
            tracker=MoodTracker(now, face.memory if face else None),
            reporter=MoodReporter(
                holder.user_id, holder.session_id, self._rules.heartbeat, face.reported if face else None
            ),
            around=self._around,
        )

    def _part(self, session: Session) -> None:
        if self._sessions.get(session.holder.session_id) is session:
            del self._sessions[session.holder.session_id]
            if not session.superseded:
                self._parted.append((session.holder, session.face))
        if not self._sessions:
            self._empty.set()

    async def beat(self) -> None:
        """Let moods age, frames or no frames, for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            for session in list(self._sessions.values()):
                session.beat()

    async def keep(self) -> None:
        """Keep what is known of each person, and end streams whose session has gone elsewhere, for ever."""
        while True:
            await asyncio.sleep(KEEP_S)
            await self._keep()

    async def _keep(self) -> None:
        await self._claim_late()
        sessions = [each for each in self._sessions.values() if each.claimed and not each.superseded]
        parted = list(self._parted)
        self._parted.clear()
        states = [*parted, *((session.holder, session.face) for session in sessions)]
        if states:
            holds = await self._store.keep(states)
            for session, hold in zip(sessions, holds[len(parted) :], strict=True):
                await _obey(session, hold)

    async def _claim_late(self) -> None:
        for session in [session for session in self._sessions.values() if not session.claimed]:
            hold, _ = await self._store.claim(session.holder)
            if hold is Hold.UNKNOWN:
                return
            session.claimed = True
            await _obey(session, hold)

    async def recheck(self, taken_back: Callable[[Collection[str]], Awaitable[set[str]]]) -> None:
        """End streams whose tokens were taken back while nobody heard of it, for ever."""
        while True:
            await asyncio.sleep(RECHECK_S)
            gone = await taken_back({each.token_id for each in self._sessions.values() if each.token_id})
            for session in [each for each in self._sessions.values() if each.token_id in gone]:
                await _end(session, _stopped())

    async def stop(self, user_id: str, token_id: str | None) -> None:
        """End a person's streams, or those of one token; nothing more of them is published or kept."""
        for session in list(self._sessions.values()):
            if session.holder.user_id == user_id and token_id in {None, session.token_id}:
                await _end(session, _stopped())
        self._around.store.forget(user_id)
        self._parted = deque((each for each in self._parted if each[0].user_id != user_id), maxlen=MAX_PARTED)

    def send_away(self, count: int) -> None:
        """Ask the oldest streams to go on with another worker; those that came just now stay."""
        settled_s = asyncio.get_running_loop().time() - SETTLED_S
        settled = [session for session in self.staying if session.opened_s <= settled_s]
        for session in settled[:count]:
            session.leave(self._leave(LeaveReason.REBALANCING))

    def _leave(self, reason: LeaveReason) -> Leave:
        return Leave(reason, random.uniform(0, self._rules.grace_s / 4), self._rules.grace_s)

    async def drain(self) -> None:
        """Take no new session, and ask each stream to go on with another worker; who has not gone in time is ended
        after the frames taken in."""
        self._draining = True
        for session in self._sessions.values():
            session.leave(self._leave(LeaveReason.DRAINING))
        await self._keep()
        try:
            async with asyncio.timeout(self._rules.grace_s + LAST_ANSWERS_S):
                await self._empty.wait()
        except TimeoutError:
            pass
        await self._keep()


async def _supersede(earlier: Session) -> None:
    earlier.superseded = True
    if not earlier.leaving:
        await earlier.inbox.close(
            ConflictError("A newer stream has this session.", "Use one stream at a time.", code="session_taken")
        )


async def _obey(session: Session, hold: Hold) -> None:
    if hold is Hold.TAKEN:
        await _supersede(session)
    elif hold is Hold.FOREIGN:
        await _end(session, _foreign(session.holder.session_id))


async def _end(session: Session, why: EmoVerseError) -> None:
    session.superseded = True
    await session.inbox.close(why)


def _stopped() -> ForbiddenError:
    return ForbiddenError(
        "This person's streams are to end.", "They may begin again when they agree to it.", code="stopped"
    )


def _foreign(session_id: str) -> ForbiddenError:
    return ForbiddenError(
        f"The session {session_id!r} is somebody else's.",
        "Leave session_id empty to begin a new one.",
        code="session_foreign",
    )


def _stopping() -> UnavailableError:
    return UnavailableError("This worker is stopping.", "Connect again; another worker takes over.", code="stopping")
