"""Those who publish fresh lists, on a real Redis and a real database."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from servicekit.background import in_background
from servicekit.database import Offloader
from servicekit.metrics import create_registry
from services.recommender.metrics import RecommenderMetrics
from services.recommender.publisher import Publisher
from services.recommender.recommender import Recommender


class _LosesACancellation(Redis):
    """As redis-py does where `asyncio.wait_for` of Python 3.11 is cancelled just as it has sent."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.sending = asyncio.Event()
        self.sent = 0

    async def publish(self, *args: Any, **kwargs: Any) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.sending.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.sent += 1
        return self.sent


async def test_a_worker_that_loses_a_cancellation_ends_with_the_next(recommender: Recommender, redis_url: str):
    redis, offload = _LosesACancellation(port=urlsplit(redis_url).port), Offloader(2, 8)
    publisher = Publisher(recommender, offload, redis, RecommenderMetrics(create_registry()), count=3, max_waiting=8)
    async with asyncio.timeout(10):
        async with in_background(*publisher.workers()):
            publisher.ask("ada")
            await redis.sending.wait()
        assert redis.sent == 1
        await redis.aclose()
    offload.close()
