"""A worker whose Redis takes no writes for a while."""

import signal

import pytest
import stamina
from redis import Redis

from contracts.recommendation import Kind
from contracts.tasks import LIGHT_QUEUE, SCORE_REVIEWS
from servicekit.database import Database
from services.recommender.broker import open_celery
from services.recommender.people_store import Review
from services.recommender.recommender import Recommender, Request
from services.recommender.settings import RecommenderSettings
from tests.recommender.test_tasks import TIMEOUT_S, process, until_all_is_computed

SETTING = "min-replicas-to-write"
"""A primary without the replicas that it was promised takes no write."""


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_max=0.2)
def until_a_write_was_refused(client: Redis) -> None:
    errors: dict[str, dict[str, int]] = client.info("errorstats")  # pyright: ignore
    assert errors.get("errorstat_NOREPLICAS", {}).get("count", 0) > 1


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_worker_outlives_a_redis_that_takes_no_writes(
    redis_url: str, database_url: str, database: Database, recommender: Recommender
):
    with (
        Redis.from_url(redis_url, decode_responses=True) as client,
        process("worker", redis_url=redis_url, database_url=database_url) as worker,
    ):
        until_all_is_computed(database)
        client.config_resetstat()
        client.config_set(SETTING, 1)
        try:
            until_a_write_was_refused(client)
        finally:
            client.config_set(SETTING, 0)
        film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
        recommender.add_review(Review("ada", film.id, "Lovely.", "1"))
        celery = open_celery(RecommenderSettings(redis_url=redis_url))
        celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE)
        celery.close()
        until_all_is_computed(database)
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=TIMEOUT_S)
    assert worker.returncode == 0, log
