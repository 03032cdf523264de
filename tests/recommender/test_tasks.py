"""The tasks on a real database, and by a real worker over a real Redis."""

import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import stamina
from kombu.exceptions import OperationalError
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from contracts.recommendation import ClusterReport, Kind
from contracts.tasks import HEAVY_QUEUE, IMPORT_CATALOGUE, LIGHT_QUEUE, SCORE_REVIEWS, TaskState
from servicekit.database import Database
from services.recommender import catalogue_store, cluster_store, tasks
from services.recommender.broker import open_celery
from services.recommender.core.clusters import COUNTS, compute_clusters
from services.recommender.lists import Request
from services.recommender.migration import load_starter
from services.recommender.people_store import Review
from services.recommender.recommender import Recommender
from services.recommender.schema import ClusterModelRow, ItemRow, ReviewRow
from services.recommender.settings import RecommenderSettings
from services.recommender.task_journal import TaskJournal, TaskReport
from tests.chaos.wire import Wire
from tests.recommender.support import NOON, Clock

TIMEOUT_S = 90
SOON_S = 30
"""Most of it for a worker to start."""


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
        report, plane = cluster_store.latest_report(connection)
        members = cluster_store.clusters_of(connection)
        songs = cluster_store.songs(connection)
    sizes = [cluster.size for cluster in report.clusters]
    assert report.computed_at == NOON
    assert sum(sizes) == len(members) == len(songs) == len(plane)
    assert sizes == sorted(sizes, reverse=True) == [sum(s.number == n for s in plane) for n in range(len(sizes))]
    assert [each.count for each in report.considered] == list(COUNTS)
    chosen = next(each for each in report.considered if each.count == len(sizes))
    assert (report.silhouette, report.stability) == (chosen.silhouette, chosen.stability)
    assert 0.9 <= sum(report.explained_variance) <= 1


def test_a_model_counts_when_all_its_songs_are_in_it_and_what_a_lost_worker_left_goes(
    database: Database, monkeypatch: pytest.MonkeyPatch, clock: Clock
):
    monkeypatch.setattr(cluster_store, "MEMBERS_AT_ONCE", 50)
    with database.reading() as connection:
        songs = cluster_store.songs(connection)
    clustering = compute_clusters(songs, seed=0)
    assert clustering
    broken = replace(songs, ids=[*songs.ids[:-1], "music:gone"])
    with pytest.raises(IntegrityError):
        cluster_store.save_clustering(database, broken, clustering, NOON)
    with database.reading() as connection:
        assert cluster_store.clusters_of(connection) == {}
        assert cluster_store.latest_report(connection) == (ClusterReport(), [])
    clock.pass_time(hours=2)
    assert tasks.recompute_clusters(database, seed=0, clock=clock)
    with database.reading() as connection:
        assert len(cluster_store.clusters_of(connection)) == len(songs)
        assert connection.scalars(select(ClusterModelRow.is_complete)).all() == [True]


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
        assert cluster_store.latest_report(connection) == (ClusterReport(), [])


@contextmanager
def process(*arguments: str, redis_url: str, database_url: str, **settings: str) -> Generator["subprocess.Popen[str]"]:
    environment = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, **settings}
    command = [sys.executable, "-m", "services.recommender", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as running:
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
def until_reviews_are_scored(database: Database) -> None:
    assert unscored(database) == 0


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.5)
def until_all_is_computed(database: Database) -> None:
    with database.reading() as connection:
        assert cluster_store.latest_fingerprint(connection)
    assert unscored(database) == 0


def have_a_review_scored(recommender: Recommender, database: Database, redis_url: str) -> None:
    """By a worker that runs."""
    film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
    recommender.add_review(Review("ada", film.id, "Lovely.", "1"))
    celery = open_celery(RecommenderSettings(redis_url=redis_url))
    celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE)
    celery.close()
    until_all_is_computed(database)


def ended(worker: "subprocess.Popen[str]") -> str:
    """Ask a worker to end, which it does cleanly; returns its log."""
    worker.send_signal(signal.SIGTERM)
    _, log = worker.communicate(timeout=TIMEOUT_S)
    assert worker.returncode == 0, log
    return log


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_worker_catches_up_when_it_starts_takes_tasks_and_ends_cleanly(
    redis_url: str, database_url: str, database: Database, recommender: Recommender
):
    with process("worker", redis_url=redis_url, database_url=database_url) as worker:
        until_all_is_computed(database)
        have_a_review_scored(recommender, database, redis_url)
        log = ended(worker)
    assert "Traceback" not in log
    assert "superuser" not in log
    with Redis.from_url(redis_url) as client:
        assert client.llen(LIGHT_QUEUE) == 0
        assert client.hlen("unacked") == 0


ONLY_LIGHT = ("worker", "--queue", LIGHT_QUEUE)


@pytest.fixture
def journal(redis_url: str) -> Iterator[TaskJournal]:
    journal = TaskJournal(redis_url)
    yield journal
    journal.close()


def add_long_reviews(recommender: Recommender, count: int) -> None:
    """What keeps a worker busy for seconds."""
    film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
    for number in range(count):
        recommender.add_review(Review("ada", film.id, "Not bad at all. " * 1200, str(number)))


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.02, wait_max=0.1)
def until(journal: TaskJournal, state: TaskState, task_id: str | None = None) -> TaskReport:
    found = [task for task in journal.latest() if task.state is state and task_id in (None, task.id)]
    assert found
    return found[-1]


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_task_whose_process_is_killed_is_run_again(
    redis_url: str, database_url: str, recommender: Recommender, journal: TaskJournal
):
    add_long_reviews(recommender, 30)
    with process(*ONLY_LIGHT, redis_url=redis_url, database_url=database_url) as worker:
        task = until(journal, TaskState.RUNNING)
        for child in psutil.Process(worker.pid).children():
            child.kill()
        assert until(journal, TaskState.DONE, task.id).starts == 2
        log = ended(worker)
    assert "WorkerLostError" in log


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_task_of_a_killed_worker_is_taken_up_by_another_soon_and_of_a_slow_one_never(
    redis_url: str, database_url: str, recommender: Recommender, journal: TaskJournal
):
    add_long_reviews(recommender, 60)
    quick = {"redis_url": redis_url, "database_url": database_url, "RECOMMENDER_WORKER_LOST_AFTER_S": "2"}
    with process(*ONLY_LIGHT, **quick) as first:
        task = until(journal, TaskState.RUNNING)
        children = psutil.Process(first.pid).children()
        for each in (psutil.Process(first.pid), *children):
            each.kill()
        killed_at = time.monotonic()
    with process(*ONLY_LIGHT, **quick), process(*ONLY_LIGHT, **quick):
        taken_up = until(journal, TaskState.RUNNING, task.id)
        while taken_up.starts < 2:
            taken_up = until(journal, TaskState.RUNNING, task.id)
        assert time.monotonic() - killed_at < SOON_S
        # It takes longer than a lost worker's tasks wait, and is nevertheless not begun a third time.
        assert until(journal, TaskState.DONE, task.id).starts == 2


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_heavy_work_never_delays_light_work(
    redis_url: str,
    database_url: str,
    database: Database,
    recommender: Recommender,
    journal: TaskJournal,
    tmp_path: Path,
):
    songs = tmp_path / "songs.csv"
    songs.write_text("title,creators\n" + "".join(f"Song {n},Somebody {n}\n" for n in range(200_000)))
    film = recommender.recommend(Request("ada", count=1), Kind.MOVIE).picks[0].item
    settings = {"redis_url": redis_url, "database_url": database_url, "RECOMMENDER_WORKER_CONCURRENCY": "1"}
    celery = open_celery(RecommenderSettings(redis_url=redis_url))
    with process("worker", "--queue", HEAVY_QUEUE, **settings), process("worker", "--queue", LIGHT_QUEUE, **settings):
        celery.send_task(IMPORT_CATALOGUE, ["music", str(songs)], queue=HEAVY_QUEUE, task_id="import")
        celery.send_task(IMPORT_CATALOGUE, ["music", str(songs)], queue=HEAVY_QUEUE, task_id="another")
        until(journal, TaskState.RUNNING, "import")
        recommender.add_review(Review("ada", film.id, "Lovely.", "1"))
        celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE)
        until_reviews_are_scored(database)
        assert until(journal, TaskState.RUNNING, "import")
        assert until(journal, TaskState.QUEUED, "another")
    celery.close()


def test_a_task_that_keeps_losing_its_worker_is_given_up(redis_url: str, database_url: str, journal: TaskJournal):
    celery = tasks.open_worker_app(RecommenderSettings(redis_url=redis_url, database_url=database_url))
    journal.queued("poison", SCORE_REVIEWS, LIGHT_QUEUE, "")
    for _ in range(tasks.MAX_LOST):
        journal.started("poison", "a worker that died")
    result = celery.tasks[SCORE_REVIEWS].apply(task_id="poison")
    assert result.state == "SUCCESS"
    journal.queued("poison", SCORE_REVIEWS, LIGHT_QUEUE, "")
    for _ in range(tasks.MAX_LOST + 1):
        journal.started("poison", "a worker that died")
    assert celery.tasks[SCORE_REVIEWS].apply(task_id="poison").state == "FAILURE"
    assert "lost its worker" in until(journal, TaskState.FAILED).error
    celery.close()


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_worker_that_loses_redis_is_not_taken_for_lost(
    redis_url: str, database_url: str, recommender: Recommender, journal: TaskJournal
):
    add_long_reviews(recommender, 40)
    address, _, number = redis_url.removeprefix("redis://").partition("/")
    with (
        Wire(address) as wire,
        process(*ONLY_LIGHT, redis_url=f"redis://{wire.address}/{number}", database_url=database_url) as worker,
    ):
        task = until(journal, TaskState.RUNNING)
        for _ in range(tasks.MAX_LOST):
            journal.started(task.id, "a worker that died")
        wire.reset()
        report = until_ended(journal, task.id)
        assert (report.state, report.starts, report.error) == (TaskState.DONE, tasks.MAX_LOST + 2, "")
        ended(worker)


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.02, wait_max=0.1)
def until_ended(journal: TaskJournal, task_id: str) -> TaskReport:
    found = [task for task in journal.latest() if task.id == task_id and task.ended_at]
    assert found
    return found[-1]


@pytest.mark.timeout(2 * TIMEOUT_S + 30)
def test_a_task_that_expires_while_it_waits_to_be_run_again_is_forgotten(
    redis_url: str, journal: TaskJournal, tmp_path: Path
):
    celery = open_celery(RecommenderSettings(redis_url=redis_url))
    # Without tables every task is to be run again.
    with process(*ONLY_LIGHT, redis_url=redis_url, database_url=f"sqlite:///{tmp_path}/empty.db") as worker:
        until(journal, TaskState.RETRYING)
        celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE, task_id="expiring", expires=2)
        until(journal, TaskState.RETRYING, "expiring")
        until_forgotten(journal, "expiring")
        ended(worker)
    celery.close()


@stamina.retry(on=AssertionError, attempts=None, timeout=SOON_S, wait_initial=0.1, wait_max=0.5)
def until_forgotten(journal: TaskJournal, task_id: str) -> None:
    assert not journal.knows(task_id)


def test_the_command_prints_the_tasks(redis_url: str, database_url: str, journal: TaskJournal):
    journal.queued("one", "emoverse.import_catalogue", "emoverse.heavy", "music songs.csv")
    journal.failed("one", "No such file.")
    with process("tasks", "--state", "failed", redis_url=redis_url, database_url=database_url) as done:
        output, log = done.communicate(timeout=TIMEOUT_S)
    assert done.returncode == 0, log
    assert "failed emoverse.import_catalogue music songs.csv (one): No such file." in output
    with process("tasks", "--json", redis_url="redis://127.0.0.1:1", database_url=database_url) as done:
        _, log = done.communicate(timeout=TIMEOUT_S)
    assert done.returncode == 1
    assert "REDIS_URL" in log


def test_what_cannot_be_sent_is_not_reported(journal: TaskJournal):
    celery = open_celery(RecommenderSettings(redis_url="redis://127.0.0.1:1/0"))
    celery.journal = journal
    with pytest.raises(OperationalError):
        celery.send_task(SCORE_REVIEWS, queue=LIGHT_QUEUE, retry=False)
    assert journal.latest() == []
    celery.close()
