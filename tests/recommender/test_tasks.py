"""The tasks on a real database, and by a real worker over a real Redis."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import psutil
import pytest
import stamina
from redis import Redis
from sqlalchemy import func, select

from contracts.recommendation import Kind
from contracts.tasks import LIGHT_QUEUE, SCORE_REVIEWS
from services.recommender import catalogue_store, cluster_store, tasks
from services.recommender.broker import open_celery
from services.recommender.database import Database
from services.recommender.migration import load_starter
from services.recommender.people_store import Review
from services.recommender.recommender import Recommender, Request
from services.recommender.schema import ClusterModelRow, ItemRow, ReviewRow
from services.recommender.settings import RecommenderSettings
from tests.recommender.support import NOON, Clock

TIMEOUT_S = 90


def test_reviews_are_scored_once_and_move_their_film(database: Database, recommender: Recommender, clock: Clock):
    tasks.score_reviews(database, clock)
    film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
    for number in range(5):
        recommender.add_review(Review("ada", film.id, "Dreadful, cruel and sad. I hated it.", str(number)))
    assert tasks.score_reviews(database, clock) == 5
    assert tasks.score_reviews(database, clock) == 0
    with database.reading() as connection:
        moved = catalogue_store.items(connection, [film.id])[film.id]
        tone, count, source = connection.execute(
            select(ItemRow.review_tone, ItemRow.review_count, ItemRow.valence_source).where(ItemRow.id == film.id)
        ).one()
        scored_at = connection.scalars(select(ReviewRow.scored_at).where(ReviewRow.user_id == "ada")).all()
    assert moved.valence < film.valence
    assert moved.arousal == film.arousal
    assert tone is not None
    assert tone < 0
    assert count >= 5
    assert "reviews" in source
    assert scored_at == [NOON] * 5


def test_loading_the_catalogue_again_keeps_what_reviews_have_moved(database: Database):
    tasks.score_reviews(database)
    with database.reading() as connection:
        before = connection.execute(select(ItemRow.id, ItemRow.valence).order_by(ItemRow.id)).all()
    load_starter(database)
    with database.reading() as connection:
        assert connection.execute(select(ItemRow.id, ItemRow.valence).order_by(ItemRow.id)).all() == before


def test_clusters_are_computed_once_for_the_same_songs(database: Database, clock: Clock):
    assert tasks.recompute_clusters(database, seed=0, clock=clock)
    assert not tasks.recompute_clusters(database, seed=0, clock=clock)
    with database.reading() as connection:
        clusters, computed_at = cluster_store.latest_clusters(connection)
        members = cluster_store.clusters_of(connection)
        songs = cluster_store.songs(connection)
    assert computed_at == NOON
    assert sum(cluster.size for cluster in clusters) == len(members) == len(songs)
    assert [cluster.size for cluster in clusters] == sorted((cluster.size for cluster in clusters), reverse=True)


def test_old_models_are_dropped_and_the_newest_counts(database: Database):
    for seed in range(cluster_store.KEPT_MODELS + 2):
        assert tasks.recompute_clusters(database, seed=seed)
    with database.reading() as connection:
        kept = connection.scalars(select(ClusterModelRow.seed).order_by(ClusterModelRow.id)).all()
        assert len(cluster_store.clusters_of(connection)) == len(cluster_store.songs(connection))
    assert kept == [2, 3, 4]


def test_an_empty_catalogue_has_no_clusters_and_no_reviews(empty_database: Database):
    assert tasks.recompute_clusters(empty_database, seed=0) is False
    assert tasks.score_reviews(empty_database) == 0
    with empty_database.reading() as connection:
        assert cluster_store.latest_clusters(connection) == ([], None)


@contextmanager
def process(*arguments: str, redis_url: str, database_url: str, **settings: str) -> Generator["subprocess.Popen[str]"]:
    environment = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, **settings}
    command = [sys.executable, "-m", "services.recommender", *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def unscored(database: Database) -> int:
    with database.reading() as connection:
        query = select(func.count()).select_from(ReviewRow).where(ReviewRow.scored_at.is_(None))
        return connection.scalar(query) or 0


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.5)
def until_all_is_computed(database: Database) -> None:
    with database.reading() as connection:
        assert cluster_store.latest_fingerprint(connection)
    assert unscored(database) == 0


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_worker_catches_up_when_it_starts_takes_tasks_and_ends_cleanly(
    redis_url: str, database_url: str, database: Database, recommender: Recommender
):
    with process("worker", redis_url=redis_url, database_url=database_url) as worker:
        until_all_is_computed(database)
        film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
        recommender.add_review(Review("ada", film.id, "Lovely.", "1"))
        celery = open_celery(RecommenderSettings(redis_url=redis_url))
        celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE)
        celery.close()
        until_all_is_computed(database)
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=TIMEOUT_S)
    assert worker.returncode == 0, log
    assert "Traceback" not in log
    assert "superuser" not in log
    with Redis.from_url(redis_url) as client:
        assert client.llen(LIGHT_QUEUE) == 0
        assert client.hlen("unacked") == 0


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_task_whose_process_is_killed_is_run_again(redis_url: str, database_url: str, database: Database):
    only_light = ("worker", "--queue", LIGHT_QUEUE)
    with process(*only_light, redis_url=redis_url, database_url=database_url) as worker:
        with Redis.from_url(redis_url) as client:
            wait_for_a_task(client)
        for child in psutil.Process(worker.pid).children():
            child.kill()
        assert unscored(database) > 0
        until_all_is_scored(database)
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=TIMEOUT_S)
    assert worker.returncode == 0, log
    assert "WorkerLostError" in log


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.005, wait_max=0.005)
def wait_for_a_task(client: Redis) -> None:
    assert client.hlen("unacked") > 0


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.5)
def until_all_is_scored(database: Database) -> None:
    assert unscored(database) == 0
