"""Live channels: one subscription per process, fanned out in memory to bounded listeners."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, Self
from uuid import uuid4

import structlog
from pydantic import BaseModel
from redis.asyncio import Redis
from sse_starlette import ServerSentEvent

from contracts.events import MOODS_CHANNEL, RECOMMENDATIONS_CHANNEL, MoodEvent, RecommendationsEvent
from servicekit.errors import EmoVerseError, UnavailableError
from servicekit.pubsub import subscribe
from servicekit.tracing import span
from services.gateway.metrics import GatewayMetrics
from services.gateway.models import LiveRecommendations, Notice, UserMood

EventName = Literal["mood", "recommendations", "notice"]

LISTENER_CAPACITY: Final = 64
"""Messages that may wait for one reader: at one mood a second, a minute of not reading."""

SLOW_READER: Final = Notice(
    code="slow_reader",
    detail="This channel was not read for too long, and what waited on it was dropped.",
    advice="Connect again: the channel starts with the present state.",
    final=True,
)
SHUTTING_DOWN: Final = Notice(
    code="shutting_down", detail="The gateway stops.", advice="Connect again in a few seconds.", final=True
)
DELETED: Final = Notice(
    code="person_deleted", detail="This person was deleted.", advice="Begin anew as a guest.", final=True
)
SESSION_ENDED: Final = Notice(
    code="session_ended", detail="The session of this channel has ended.", advice="Sign in again.", final=True
)
RESUMED: Final = Notice(
    code="live_resumed", detail="Live updates are back.", advice="Nothing to do: the present state follows."
)

_log = structlog.get_logger(__name__)


RETRY_MS: Final = 2000


class LiveMessage(NamedTuple):
    """One event of a live channel, serialized and encoded once for all its readers."""

    event: EventName
    id: str
    data: str
    """JSON of `UserMood`, `LiveRecommendations` or `Notice`."""
    at: datetime | None
    """When a mood or picks were published."""
    encoded: bytes
    """As a server-sent event."""

    @classmethod
    def made(cls, event: EventName, event_id: str, body: BaseModel, at: datetime | None = None) -> Self:
        """The message with its encoding."""
        data = body.model_dump_json()
        encoded = ServerSentEvent(data=data, event=event, id=event_id, retry=RETRY_MS).encode()
        return cls(event, event_id, data, at, encoded)

    @classmethod
    def of(cls, event: MoodEvent | RecommendationsEvent) -> Self:
        """The message for what was published."""
        if isinstance(event, MoodEvent):
            return cls.made("mood", event.event_id, UserMood.of(event), event.at)
        return cls.made("recommendations", event.event_id, LiveRecommendations.of(event), event.at)

    @classmethod
    def failure(cls, error: EmoVerseError) -> Self:
        """The message that tells a reader about an error."""
        return cls.notice(Notice(code=error.code, detail=error.message, advice=error.advice))

    @classmethod
    def notice(cls, notice: Notice) -> Self:
        """The message for something about the channel itself."""
        return cls.made("notice", uuid4().hex, notice)


@dataclass(frozen=True)
class Refresh:
    """Asks the reader's stream to send the present state, because something may have been missed."""


class Listener:
    """One reader's bounded queue. Nothing here blocks; a reader that falls behind is closed with a notice."""

    def __init__(self, user_id: str, session_id: str | None = None, capacity: int = LISTENER_CAPACITY) -> None:
        self.user_id = user_id
        self.session_id = session_id
        """The reader's own; None for somebody who needs none."""
        self.missing: set[str] = set()
        """The dependencies whose outage may have cost this reader something."""
        self._capacity = capacity
        self._pending: deque[LiveMessage | Refresh] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def offer(self, message: LiveMessage | Refresh) -> None:
        """Queue a message; without room, drop everything that waits and close."""
        if self._closed:
            return
        if len(self._pending) >= self._capacity:
            _log.info("dropped a slow live reader", user_id=self.user_id)
            self.close(SLOW_READER)
            return
        self._pending.append(message)
        self._changed.set()

    def close(self, notice: Notice) -> None:
        """End the channel with `notice` as its last message."""
        if self._closed:
            return
        self._closed = True
        self._pending = deque([LiveMessage.notice(notice)])
        self._changed.set()

    def forget_moods_until(self, at: datetime) -> None:
        """Drop the waiting moods that a snapshot already covers, so that a reader never sees time run backwards."""
        self._pending = deque(
            message
            for message in self._pending
            if isinstance(message, Refresh) or message.event != "mood" or (message.at and message.at > at)
        )

    async def messages(self) -> AsyncGenerator[LiveMessage | Refresh]:
        """What was offered, in order, until closed."""
        while True:
            while self._pending:
                yield self._pending.popleft()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()


class LiveFeed:
    """Hands every published event to the listeners of its user."""

    def __init__(self, capacity: int = LISTENER_CAPACITY, metrics: GatewayMetrics | None = None) -> None:
        self._capacity = capacity
        self._metrics = metrics
        self._listeners: dict[str, set[Listener]] = {}
        self._closed = False

    @property
    def listeners(self) -> list[Listener]:
        """Everybody who listens now."""
        return [listener for group in self._listeners.values() for listener in group]

    @contextmanager
    def listen(self, user_id: str, session_id: str | None = None) -> Generator[Listener]:
        """A listener for a user's events while open.

        Raises:
            UnavailableError: the gateway is stopping.
        """
        if self._closed:
            raise UnavailableError(SHUTTING_DOWN.detail, SHUTTING_DOWN.advice, code=SHUTTING_DOWN.code)
        listener = Listener(user_id, session_id, self._capacity)
        group = self._listeners.setdefault(user_id, set())
        group.add(listener)
        try:
            yield listener
        finally:
            group.discard(listener)
            if not group:
                self._listeners.pop(user_id, None)

    def publish(self, event: MoodEvent | RecommendationsEvent) -> None:
        """Offer an event to the listeners of its user."""
        group = self._listeners.get(event.user_id)
        if not group:
            return
        message = LiveMessage.of(event)
        with span(f"live {message.event}", parent=event.traceparent, readers=len(group)):
            for listener in group:
                listener.offer(message)
        if self._metrics:
            self._metrics.live_messages.labels(message.event).inc(len(group))
            self._metrics.live_age_s.labels(message.event).observe((datetime.now(UTC) - event.at).total_seconds())

    def close_user(self, user_id: str, notice: Notice) -> None:
        """Say goodbye to the readers of one person."""
        for listener in self._listeners.get(user_id, ()):
            listener.close(notice)

    def close(self) -> None:
        """Say goodbye to everybody and take nobody new."""
        self._closed = True
        for listener in self.listeners:
            listener.close(SHUTTING_DOWN)

    async def pump_moods(self, redis: Redis, also: Callable[[MoodEvent], None]) -> None:
        """Publish every mood that arrives on Redis, and tell `also`, for ever; lost connections are made again."""

        async def noted() -> AsyncGenerator[MoodEvent]:
            async with aclosing(subscribe(redis, MOODS_CHANNEL, MoodEvent)) as events:
                async for event in events:
                    also(event)
                    yield event

        await self._pump(noted())

    async def pump_recommendations(self, redis: Redis) -> None:
        """Publish all picks that arrive on Redis, for ever; lost connections are made again."""
        await self._pump(subscribe(redis, RECOMMENDATIONS_CHANNEL, RecommendationsEvent))

    async def _pump(self, events: AsyncGenerator[MoodEvent] | AsyncGenerator[RecommendationsEvent]) -> None:
        async for event in events:
            try:
                self.publish(event)
            except Exception:  # noqa: BLE001  (one odd event must not end everybody's live channel)
                _log.exception("could not hand on an event", event_id=event.event_id)
