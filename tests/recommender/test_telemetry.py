"""What a recommender and a worker tell of themselves: metrics, traces, a sign of life."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import stamina
from redis.asyncio import Redis

from contracts.events import MOODS_CHANNEL, EventReason, MoodEvent
from contracts.mood import MoodState
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.tasks import IMPORT_CATALOGUE, LIGHT_QUEUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from servicekit.pubsub import open_redis
from servicekit.tracing import span, trace_metadata, tracing
from services.recommender.broker import open_celery
from services.recommender.settings import RecommenderSettings
from standalone.ports import free_ports
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S, NOON, mood
from tests.servicekit.collector import collecting
from tests.servicekit.scraping import scrape


@stamina.retry(on=AssertionError, attempts=None, timeout=DEADLINE_S, wait_max=0.1)
async def until_heard(redis: Redis) -> None:
    await hear(redis, "1", EventReason.CHANGE)


async def hear(redis: Redis, event_id: str, reason: EventReason) -> None:
    event = MoodEvent(
        event_id=event_id, user_id="ada", session_id="s", mood=mood(MoodState.HAPPY), reason=reason, at=NOON
    )
    assert await redis.publish(MOODS_CHANNEL, event.model_dump_json())


async def until(port: int, name: str, value: float) -> dict[str, float]:
    """Scrape until a sample has that value."""
    async for attempt in stamina.retry_context(
        on=(AssertionError, OSError), attempts=None, timeout=DEADLINE_S, wait_max=0.1
    ):
        with attempt:
            told = await asyncio.to_thread(scrape, port)
            assert told.get(name) == value
            return told
    raise AssertionError


async def test_a_recommender_tells_prometheus_what_it_does(open_recommender: OpenService, redis_url: str):
    port = free_ports(1)[0]
    async with open_recommender(metrics_port=port) as stub, open_redis(redis_url) as redis:
        await stub.Recommend(pb.RecommendRequest(user_id="ada", kind="music", count=3))  # pyright: ignore[reportGeneralTypeIssues]
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Recommend(pb.RecommendRequest(user_id="ada", kind="soup"))  # pyright: ignore[reportGeneralTypeIssues]
        await until_heard(redis)
        await until(port, "recommender_lists_total published", 1)
        await hear(redis, "2", EventReason.HEARTBEAT)
        told = await until(port, "recommender_moods_total repeated", 1)
    assert told["recommender_moods_total answered"] == 1
    assert [told[f"recommender_calls_total {code} Recommend"] for code in ("OK", "INVALID_ARGUMENT")] == [1, 1]
    assert told["recommender_call_seconds_count Recommend"] == 2
    assert told["recommender_list_seconds_count"] == told["recommender_rank_seconds_count"] == 1
    assert told["recommender_people_waiting"] == 0
    assert not [name for name in told if "Health" in name]


async def test_a_call_goes_on_with_the_trace_of_its_caller(open_recommender: OpenService):
    async with collecting() as (collector, endpoint), open_recommender(otlp_endpoint=endpoint) as stub:
        with span("caller"):
            caller = trace_metadata()
            await stub.Recommend(pb.RecommendRequest(user_id="ada", kind="music"), metadata=caller)  # pyright: ignore[reportGeneralTypeIssues]
    (call,) = collector.named("Recommend")
    assert call.trace_id.hex() == caller[0][1].split("-")[1]
    assert b"ada" not in call.SerializeToString()


@asynccontextmanager
async def running(command: str, **environment: str) -> AsyncGenerator[None]:
    """One of the processes that serve no port."""
    arguments = [sys.executable, "-m", "services.recommender", command]
    process = await asyncio.create_subprocess_exec(*arguments, env=environment)
    try:
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0


async def test_a_worker_tells_of_its_tasks_and_goes_on_with_the_trace_that_asked_for_them(
    redis_url: str, database_url: str, tmp_path: Path
):
    port, alive_file = free_ports(1)[0], tmp_path / "alive"
    async with (
        collecting() as (collector, endpoint),
        running(
            "worker",
            REDIS_URL=redis_url,
            DATABASE_URL=database_url,
            RECOMMENDER_WORKER_METRICS_PORT=str(port),
            RECOMMENDER_WORKER_CONCURRENCY="1",
            RECOMMENDER_ALIVE_FILE=str(alive_file),
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        ),
    ):
        async with tracing("caller", endpoint):
            with span("caller"):
                caller = trace_metadata()
                await asyncio.to_thread(ask_for_scores, redis_url)
        # Every worker has each task run once when it starts; and there is ours.
        await until(port, f"worker_tasks_total success {RECOMPUTE_CLUSTERS}", 1)
        told = await until(port, f"worker_tasks_total success {SCORE_REVIEWS}", 2)
        assert alive_file.exists()
        assert told[f"worker_task_seconds_count {SCORE_REVIEWS}"] == 2
        assert told[f"worker_tasks_total failure {IMPORT_CATALOGUE}"] == 0
        assert told[f"worker_queue_tasks {LIGHT_QUEUE}"] == 0
        assert told["process_resident_memory_bytes"] > 0
    assert caller[0][1].split("-")[1] in {each.trace_id.hex() for each in collector.named(SCORE_REVIEWS)}


def ask_for_scores(redis_url: str) -> None:
    celery = open_celery(RecommenderSettings(redis_url=redis_url))
    celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE)
    celery.close()


async def test_a_beat_shows_that_it_lives_while_it_ticks_and_while_it_waits(redis_url: str, tmp_path: Path):
    ticking, waiting = tmp_path / "ticking", tmp_path / "waiting"
    async with running("beat", REDIS_URL=redis_url, RECOMMENDER_ALIVE_FILE=str(ticking)):
        await until_there(ticking)
        async with running("beat", REDIS_URL=redis_url, RECOMMENDER_ALIVE_FILE=str(waiting)):
            await until_there(waiting)


@stamina.retry(on=FileNotFoundError, attempts=None, timeout=DEADLINE_S, wait_max=0.1)
async def until_there(file: Path) -> None:
    await asyncio.to_thread(file.stat)
