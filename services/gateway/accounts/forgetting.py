"""Hands over and forgets everything of a person, in every service; and forgets by itself who has long been away."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import StopReason, keys_of_person
from servicekit.database import Offloader
from servicekit.errors import EmoVerseError, NotFoundError
from servicekit.pubsub import unavailable
from services.gateway.accounts.accounts import Accounts
from services.gateway.accounts.stops import Stops, audit
from services.gateway.moods import latest_mood
from services.gateway.recommender import RecommenderClient

UPKEEP_INTERVAL_S: Final = 60.0
GUESTS_AT_ONCE: Final = 100
ON_ITS_WAY: Final = timedelta(minutes=5)
"""Longer than a stopped stream's last mood, or a list of picks, can be on its way through the services."""

_log = structlog.get_logger(__name__)


class Forgetting:
    """What a person can ask of their data."""

    def __init__(
        self, accounts: Accounts, offload: Offloader, stops: Stops, redis: Redis, recommender: RecommenderClient
    ) -> None:
        self._accounts = accounts
        self._offload = offload
        self._stops = stops
        self._redis = redis
        self._recommender = recommender

    async def kept_elsewhere(self, user_id: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """The latest mood, if it is fresh, and what the recommender keeps.

        Raises:
            UnavailableError: a service does not answer.
        """
        try:
            mood = (await latest_mood(self._redis, user_id)).model_dump(mode="json")
        except NotFoundError:
            mood = None
        return mood, await self._recommender.export_person(user_id)

    async def forget(self, user_id: str) -> None:
        """Stop the person's streams, then delete everything of them; the account goes last, so that whoever was told
        of a failure can ask again.

        Raises:
            UnavailableError: a service does not answer; what was not deleted yet is still there.
        """
        await self._stops.stop(user_id, StopReason.DELETED)
        await self._forget_elsewhere(user_id)
        await self._stops.refuse(await self._offload(self._accounts.delete, user_id))
        audit("deleted", user_id)

    async def _forget_elsewhere(self, user_id: str) -> None:
        await self._recommender.forget_person(user_id)
        try:
            await self._redis.delete(*keys_of_person(user_id))
        except (RedisError, OSError) as error:
            raise unavailable(error) from error

    async def keep_up(self, idle: timedelta) -> None:
        """For ever: forget guests who have been away for so long, and have outdated and lost revocations set right."""
        while True:
            try:
                await self.tidy(idle)
            except EmoVerseError as error:
                _log.warning("upkeep will be tried again", reason=error.message)
            await asyncio.sleep(UPKEEP_INTERVAL_S)

    async def tidy(self, idle: timedelta, on_its_way: timedelta = ON_ITS_WAY) -> None:
        """Do it once, for at most `GUESTS_AT_ONCE`; and delete what came in on those who were forgotten before.

        Raises:
            UnavailableError: a service does not answer.
        """
        await self._stops.refuse(await self._offload(self._accounts.revoked))
        for user_id in await self._offload(self._accounts.idle_guests, idle, GUESTS_AT_ONCE):
            await self.forget(user_id)
        for user_id in await self._offload(self._accounts.just_forgotten, on_its_way):
            await self._forget_elsewhere(user_id)
            await self._offload(self._accounts.settle, user_id)
