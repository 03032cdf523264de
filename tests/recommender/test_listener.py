"""What is answered of the moods on a real Redis: by the service in this process, with a real database."""

import asyncio
from pathlib import Path

import pytest
import stamina
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from contracts.events import MOODS_CHANNEL, RECOMMENDATIONS_CHANNEL, EventReason, RecommendationsEvent
from contracts.mood import MoodState
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from servicekit.background import in_background
from servicekit.database import Offloader
from servicekit.metrics import create_registry
from servicekit.pubsub import open_redis
from services.recommender.listener import MoodListener
from services.recommender.metrics import RecommenderMetrics
from services.recommender.migration import prepare_database
from services.recommender.publisher import Publisher
from services.recommender.recommender import Recommender
from standalone.ports import free_ports
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S, mood
from tests.recommender.test_servicer import Audience, event, publish, subscribers
from tests.recommender.test_telemetry import until

HEARTBEAT = EventReason.HEARTBEAT


async def test_a_heartbeat_makes_a_missed_change_good_in_each_session(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 1)
        await publish(redis, event(MoodState.HAPPY))
        assert (await answer).mood == mood(MoodState.HAPPY)
        await publish(redis, event(MoodState.SAD, HEARTBEAT, n=1))
        assert (await audience.next()).mood == mood(MoodState.SAD)
        await publish(redis, event(MoodState.ANGRY, session_id="phone"))
        assert (await audience.next()).mood == mood(MoodState.ANGRY)
        await publish(redis, event(MoodState.SAD, HEARTBEAT, n=2))
        await publish(redis, event(MoodState.ANGRY, HEARTBEAT, session_id="phone"))
        await publish(redis, event(MoodState.HAPPY, user_id="bo"))
        assert (await audience.next()).user_id == "bo"
        await audience.close()


@pytest.mark.timeout(3 * DEADLINE_S)
async def test_a_heartbeat_brings_a_list_that_failed(open_recommender: OpenService, redis_url: str, tmp_path: Path):
    url, port = f"sqlite:///{tmp_path}/later.db", free_ports(1)[0]
    opened = open_recommender(database_url=url, metrics_port=port, serving=False)
    async with opened, open_redis(redis_url) as redis:
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 1)
        await publish(redis, event(MoodState.SAD))
        await until(port, "recommender_lists_total failed", 1)
        await asyncio.to_thread(prepare_database, url)
        await until_answered(redis, answer)
        assert (await answer).mood == mood(MoodState.SAD)
        await audience.close()


async def until_answered(redis: Redis, answer: "asyncio.Future[RecommendationsEvent]") -> None:
    async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=DEADLINE_S, wait_max=0.2):
        with attempt:
            await publish(redis, event(MoodState.SAD, HEARTBEAT, n=attempt.num))
            assert answer.done()


async def test_a_heartbeat_brings_a_list_that_was_dropped(recommender: Recommender, redis_url: str):
    registry, offload = create_registry(), Offloader(2, 8)
    metrics = RecommenderMetrics(registry)
    async with open_redis(redis_url) as redis:
        # Nobody serves those who wait: who was dropped is asked for again, and in turn drops the other.
        publisher = Publisher(recommender, offload, redis, metrics, count=3, max_waiting=1)
        async with in_background(MoodListener(redis, publisher, metrics).run()):
            await subscribers(redis, MOODS_CHANNEL, 1)
            await publish(redis, event(MoodState.SAD), event(MoodState.SAD, user_id="bo"))
            await until_counted(registry, "recommender_moods_total", "answered", 2)
            await publish(redis, event(MoodState.SAD, HEARTBEAT))
            await until_counted(registry, "recommender_moods_total", "answered", 3)
    assert registry.get_sample_value("recommender_lists_total", {"outcome": "dropped"}) == 2
    offload.close()


@stamina.retry(on=AssertionError, attempts=None, timeout=DEADLINE_S, wait_max=0.1)
async def until_counted(registry: CollectorRegistry, name: str, outcome: str, count: int) -> None:
    assert registry.get_sample_value(name, {"outcome": outcome}) == count
