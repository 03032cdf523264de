"""When a mood is worth publishing."""

from datetime import datetime, timedelta
from uuid import uuid4

from contracts.events import EventReason, MoodEvent
from contracts.mood import Mood, MoodState
from servicekit.tracing import traceparent


class MoodReporter:
    """Turns one session's moods into events: on change of state, and as a heartbeat in between.

    Args:
        heartbeat: the longest silence.
        known: the state that was published last, by an earlier stream or another worker.
    """

    def __init__(self, user_id: str, session_id: str, heartbeat: timedelta, known: MoodState | None = None) -> None:
        self._user_id = user_id
        self._session_id = session_id
        self._heartbeat = heartbeat
        self.reported = known
        """The state published last."""
        self._reported_at: datetime | None = None

    def report(self, mood: Mood, at: datetime) -> MoodEvent | None:
        """The event to publish now, if there is one."""
        changed = mood.state is not self.reported
        # A clock that was set back must not silence it until the hour has passed again.
        if not changed and self._reported_at and timedelta(0) <= at - self._reported_at < self._heartbeat:
            return None
        self.reported, self._reported_at = mood.state, at
        return MoodEvent(
            event_id=uuid4().hex,
            user_id=self._user_id,
            session_id=self._session_id,
            mood=mood,
            reason=EventReason.CHANGE if changed else EventReason.HEARTBEAT,
            at=at,
            traceparent=traceparent(),
        )
