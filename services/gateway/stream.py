"""What one reader of a live channel gets: the present state, then every change."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from redis.asyncio import Redis

from contracts.events import RecommendationsEvent
from contracts.recommendation import Kind
from servicekit.errors import EmoVerseError, NotFoundError
from services.gateway.live import Listener, LiveFeed, LiveMessage
from services.gateway.models import Wanted
from services.gateway.moods import latest_mood
from services.gateway.recommender import RecommenderClient
from services.gateway.watch import Dependency

SNAPSHOT_COUNT: Final = 10
"""Picks of each kind in a snapshot."""

SNAPSHOTS_AT_ONCE: Final = 8
"""After an outage every reader wants its state at once; the recommender gets at most these."""


class LiveStreams:
    """Opens live streams; a snapshot that cannot be had becomes a notice, and comes later."""

    def __init__(self, redis: Redis, recommender: RecommenderClient, feed: LiveFeed) -> None:
        self._redis = redis
        self._recommender = recommender
        self._feed = feed
        self._slots = asyncio.Semaphore(SNAPSHOTS_AT_ONCE)

    async def open(self, user_id: str, session_id: str | None) -> AsyncGenerator[LiveMessage]:
        """The snapshot, then changes, until the listener is closed or the reader, who has this session, leaves.

        Raises:
            UnavailableError: the gateway is stopping.
        """
        # Listening starts before the snapshot is read, so that nothing falls between the two.
        with self._feed.listen(user_id, session_id) as listener:
            async for message in self._snapshot(listener):
                yield message
            async for message in listener.messages():
                if isinstance(message, LiveMessage):
                    yield message
                    continue
                async for part in self._snapshot(listener):
                    yield part

    async def _snapshot(self, listener: Listener) -> AsyncGenerator[LiveMessage]:
        for dependency, read in ((Dependency.REDIS, self._mood), (Dependency.RECOMMENDER, self._picks)):
            try:
                yield await read(listener)
            except NotFoundError:
                continue
            except EmoVerseError as error:
                listener.missing.add(dependency)
                yield LiveMessage.failure(error)

    async def _mood(self, listener: Listener) -> LiveMessage:
        event = await latest_mood(self._redis, listener.user_id)
        listener.forget_moods_until(event.at)
        return LiveMessage.of(event)

    async def _picks(self, listener: Listener) -> LiveMessage:
        async with self._slots:
            rankings = await asyncio.gather(
                *(
                    self._recommender.recommend(listener.user_id, Wanted(kind=kind, count=SNAPSHOT_COUNT))
                    for kind in Kind
                )
            )
        return LiveMessage.of(
            RecommendationsEvent(
                event_id=uuid4().hex,
                user_id=listener.user_id,
                mood=rankings[0].mood,
                goal=rankings[0].goal,
                picks={kind: [*ranking.picks] for kind, ranking in zip(Kind, rankings, strict=True)},
                at=datetime.now(UTC),
            )
        )
