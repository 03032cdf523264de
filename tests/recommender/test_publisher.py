"""Those who publish fresh lists, on a real Redis and a real database."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from sqlalchemy import text

from contracts.events import RECOMMENDATIONS_CHANNEL
from contracts.recommendation import FeedbackAction, Kind
from servicekit.background import in_background
from servicekit.database import Database, Offloader
from servicekit.metrics import create_registry
from servicekit.pubsub import open_redis
from services.recommender.lists import Request
from services.recommender.metrics import RecommenderMetrics
from services.recommender.people_store import Feedback
from services.recommender.publisher import WORKERS, Publisher
from services.recommender.recommender import Recommender
from tests.recommender.test_servicer import Audience, subscribers


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


async def test_lists_that_a_bug_prevents_do_not_end_those_of_others(
    recommender: Recommender, database: Database, redis_url: str
):
    item_id = recommender.recommend(Request("ada", 1), Kind.MUSIC).picks[0].item.id
    broken = [f"broken-{number}" for number in range(WORKERS)]
    for user_id in broken:
        recommender.give_feedback(Feedback(user_id, item_id, FeedbackAction.LIKE, "1", recommender.clock()), None)
    with database.writing() as connection:
        connection.execute(text("update feedback set occurred_at = 'no moment'"))
    registry, offload = CollectorRegistry(), Offloader(2, 8)
    async with open_redis(redis_url) as redis:
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        publisher = Publisher(recommender, offload, redis, RecommenderMetrics(registry), count=3, max_waiting=8)
        async with in_background(*publisher.workers()):
            for user_id in (*broken, "ada"):
                publisher.ask(user_id)
            assert (await answer).user_id == "ada"
        await audience.close()
    offload.close()
    assert registry.get_sample_value("recommender_lists_total", {"outcome": "failed"}) == WORKERS
