"""A worker whose Redis takes no writes for a while."""

import pytest
import stamina
from redis import Redis

from servicekit.database import Database
from services.recommender.recommender import Recommender
from tests.recommender.test_tasks import TIMEOUT_S, ended, have_a_review_scored, process, until_all_is_computed

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
        have_a_review_scored(recommender, database, redis_url)
        ended(worker)
