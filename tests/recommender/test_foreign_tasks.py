"""What somebody else puts into a worker's queue: an earlier version's tasks are done, what is no task is dropped."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stamina
from redis import Redis

from contracts.tasks import HEAVY_QUEUE, IMPORT_CATALOGUE, LIGHT_QUEUE, SCORE_REVIEWS
from servicekit.database import Database
from services.recommender.recommender import Recommender
from tests.recommender.importing.support import FILMS, film, found, write
from tests.recommender.test_tasks import TIMEOUT_S, ended, have_a_review_scored, process, until_all_is_computed

JSON = "application/json"


def message(body: bytes, task: str = SCORE_REVIEWS, content_type: str = JSON, **properties: Any) -> bytes:
    """As Celery writes it, or nearly so."""
    place = {"exchange": "", "routing_key": LIGHT_QUEUE}
    known = {"correlation_id": "x", "delivery_mode": 2, "delivery_info": place, "priority": 0}
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": "x", "root_id": "x", "parent_id": None, "group": None},
            "properties": {**known, "delivery_tag": uuid4().hex, "body_encoding": "base64", **properties},
        }
    ).encode()


FOREIGN = [
    b"\xff\xfe",
    b"not json",
    b"{}",
    b"[]",
    b"null",
    b'{"body": 5}',
    message(b"not json"),
    message(b"[[],{},{}]", task="os.system"),
    message(b'[[1,2,3],{"x":1},{"callbacks":null}]'),
    message(b"\x80\x04cos\nsystem\n", content_type="application/x-python-serialize"),
    message(b"[[],{},{}]", body_encoding="rot13"),
]


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_worker_drops_what_is_no_task_and_goes_on(
    redis_url: str, database_url: str, database: Database, recommender: Recommender
):
    with process("worker", redis_url=redis_url, database_url=database_url) as worker:
        until_all_is_computed(database)
        with Redis.from_url(redis_url) as client:
            for each in FOREIGN:
                client.lpush(LIGHT_QUEUE, each)
        have_a_review_scored(recommender, database, redis_url)
        log = ended(worker)
    assert log.count("dropped what is no task") >= 5


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_task_of_an_earlier_version_is_done(redis_url: str, database_url: str, database: Database, tmp_path: Path):
    path = write(tmp_path / "films.csv", FILMS, film("Harbour Robots", 2011, "tt7654321"))
    # It had no headers of traces, knew only these arguments, and gave them by place.
    order = message(json.dumps([["movie", str(path)], {}, {}]).encode(), task=IMPORT_CATALOGUE)
    with Redis.from_url(redis_url) as client:
        client.lpush(HEAVY_QUEUE, order)
    heavy = ("worker", "--queue", HEAVY_QUEUE)
    with process(*heavy, redis_url=redis_url, database_url=database_url) as worker:
        until_imported(database, "movie:harbour-robots-2011")
        ended(worker)


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.5)
def until_imported(database: Database, item_id: str) -> None:
    assert found(database, [item_id])
