"""What the workers do: find out, compute, store. Every task can run again, or twice at once, without harm."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from celery import Celery, Task, bootsteps

from contracts.tasks import IMPORT_CATALOGUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from servicekit.database import Database, open_engine
from servicekit.errors import EmoVerseError, UnavailableError
from services.recommender import catalogue_store, cluster_store
from services.recommender.broker import GRACE_S, HEAVY_LIMIT_S, IMPORT_LIMIT_S, LIGHT_LIMIT_S, TaskSender, open_celery
from services.recommender.core.clustering import fingerprint
from services.recommender.errors import WorkerLostTooOftenError
from services.recommender.recommender import Clock, utc_now
from services.recommender.settings import RecommenderSettings
from services.recommender.task_journal import TaskJournal

if TYPE_CHECKING:
    from services.recommender.importing.importer import Request

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""

MAX_LOST: Final = 3
"""Workers that one task may lose: with the next it is taken for what kills them."""
REVIEWS_AT_ONCE: Final = 50
"""Stored together: what a lost worker has to score again."""

_log = structlog.get_logger(__name__)


def silent(_done: int, _total: int) -> None:
    """Tell nobody how much is done."""


def score_reviews(database: Database, clock: Clock = utc_now, on_progress: Progress = silent) -> int:
    """Score every review that has no sentiment yet, and move the items they are about. Returns how many."""
    from services.recommender.core.sentiment import sentiment  # noqa: PLC0415  (the sending side needs no lexicon)

    total = 0
    while True:
        with database.reading() as connection:
            texts = catalogue_store.unscored_reviews(connection, REVIEWS_AT_ONCE)
            left = catalogue_store.count_unscored(connection)
        if not texts:
            return total
        scores = {review_id: sentiment(text) for review_id, text in texts.items()}
        with database.writing() as connection:
            catalogue_store.save_sentiments(connection, scores, clock())
        total += len(scores)
        on_progress(total, total + left - len(scores))
        _log.info("reviews scored", count=len(scores))


def recompute_clusters(database: Database, seed: int, clock: Clock = utc_now, on_progress: Progress = silent) -> bool:
    """Cluster the songs again where they have changed since the last time; whether there are new clusters."""
    with database.reading() as connection:
        songs = cluster_store.songs(connection)
        if cluster_store.latest_fingerprint(connection) == fingerprint(songs, seed):
            return False
    # scikit-learn takes seconds and much memory to load: only when there is something to compute.
    from services.recommender.core.clusters import compute_clusters  # noqa: PLC0415

    clustering = compute_clusters(songs, seed, on_progress)
    if clustering is None:
        _log.info("too few songs to cluster", songs=len(songs))
        return False
    cluster_store.save_clustering(database, songs, clustering, clock())
    _log.info("clusters recomputed", **asdict(clustering.chosen))
    return True


def import_catalogue(
    celery: Celery, database: Database, request: "Request", on_progress: Progress = silent
) -> dict[str, Any]:
    """Import a file, and have done what follows from it; returns the `importer.Summary`.

    Raises:
        EmoVerseError: see `importer.import_file`.
    """
    from services.recommender.importing.follow_up import request_follow_up  # noqa: PLC0415
    from services.recommender.importing.importer import import_file  # noqa: PLC0415

    summary = import_file(database, request, on_progress)
    _log.info("imported", path=str(request.path), **asdict(summary))
    request_follow_up(celery, request.kind, summary)
    return asdict(summary)


class ReportedTask(Task):
    """A task whose state can be seen. One that keeps losing its worker is given up."""

    throws = (EmoVerseError,)
    journal: TaskJournal

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Raises `WorkerLostTooOftenError`."""
        starts = self.journal.started(task_id, self.request.hostname or "")
        if (lost := starts - self.request.retries - 1) > MAX_LOST:
            raise WorkerLostTooOftenError(str(self.name), lost)

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Called by Celery."""
        self.journal.done(task_id, retval)

    def on_retry(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called by Celery: by the process that runs it, or by the worker that cancels it, which tells no `einfo`."""
        if einfo:
            self.journal.retrying(task_id, exc)
        else:
            self.journal.cut_off(task_id)

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called by Celery."""
        self.journal.failed(task_id, exc)
        _log.error("task failed", task=self.name, id=task_id, reason=str(exc), code=getattr(exc, "code", "internal"))

    def tell(self, done: int, total: int) -> None:
        """Report how much is done."""
        self.journal.progressed(self.request.id, done, total)


class CutOffCount(bootsteps.StartStopStep):
    """Has the tasks counted that a worker cut off, whenever it is connected again and before it takes any."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        """Called by Celery."""
        parent.app.journal.count_cut_off()


def open_worker_app(settings: RecommenderSettings) -> TaskSender:
    """The Celery application with its tasks. Each process opens its own database."""
    celery = open_celery(settings)
    steps: Any = celery.steps
    steps["consumer"].add(CutOffCount)
    # Every process of the pool opens its own connections: they do not survive a fork.
    database = cache(lambda: Database(open_engine(settings.database_url)))

    def score(task: ReportedTask) -> int:
        return score_reviews(database(), on_progress=task.tell)

    def cluster(task: ReportedTask) -> bool:
        return recompute_clusters(database(), settings.seed, on_progress=task.tell)

    def load(
        task: ReportedTask, kind: str, path: str, format_name: str | None = None, encoding: str | None = None
    ) -> dict[str, Any]:
        from services.recommender.importing.importer import Request, kind_named, rejects_file  # noqa: PLC0415

        rejects = rejects_file(settings.rejects_folder, Path(path))
        request = Request(kind_named(kind), Path(path), rejects, format_name, encoding)
        return import_catalogue(celery, database(), request, task.tell)

    def add(work: Callable[..., Any], name: str, limit_s: int) -> None:
        # Not shared: another application in this process has tasks of the same names of its own.
        options = {"bind": True, "base": ReportedTask, "shared": False, "journal": celery.journal}
        celery.task(name=name, **options, **_limits(limit_s))(work)

    add(load, IMPORT_CATALOGUE, IMPORT_LIMIT_S)
    add(score, SCORE_REVIEWS, LIGHT_LIMIT_S)
    add(cluster, RECOMPUTE_CLUSTERS, HEAVY_LIMIT_S)
    return celery


def _limits(limit_s: int) -> dict[str, Any]:
    retry = {"autoretry_for": (UnavailableError,), "max_retries": None, "retry_backoff": True, "retry_backoff_max": 60}
    return {**retry, "soft_time_limit": limit_s, "time_limit": limit_s + GRACE_S}
