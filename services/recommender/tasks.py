"""What the workers do: find out, compute, store. Every task can run again, or twice at once, without harm."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from celery import Celery

from contracts.tasks import IMPORT_CATALOGUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from servicekit.errors import EmoVerseError, UnavailableError
from services.recommender import catalogue_store, cluster_store
from services.recommender.broker import GRACE_S, HEAVY_LIMIT_S, LIGHT_LIMIT_S, open_celery
from services.recommender.core.clustering import fingerprint
from services.recommender.database import Database, open_engine
from services.recommender.recommender import Clock, utc_now
from services.recommender.settings import RecommenderSettings

REVIEWS_AT_ONCE: Final = 50
"""Stored together: what a lost worker has to score again."""

_log = structlog.get_logger(__name__)


def score_reviews(database: Database, clock: Clock = utc_now) -> int:
    """Score every review that has no sentiment yet, and move the films they are about. Returns how many."""
    from services.recommender.core.sentiment import sentiment  # noqa: PLC0415  (the sending side needs no lexicon)

    total = 0
    while True:
        with database.reading() as connection:
            texts = catalogue_store.unscored_reviews(connection, REVIEWS_AT_ONCE)
        if not texts:
            return total
        scores = {review_id: sentiment(text) for review_id, text in texts.items()}
        with database.writing() as connection:
            catalogue_store.save_sentiments(connection, scores, clock())
        total += len(scores)
        _log.info("reviews scored", count=len(scores))


def recompute_clusters(database: Database, seed: int, clock: Clock = utc_now) -> bool:
    """Cluster the songs again where they have changed since the last time; whether there are new clusters."""
    with database.reading() as connection:
        songs = cluster_store.songs(connection)
        if cluster_store.latest_fingerprint(connection) == fingerprint(songs, seed):
            return False
    # scikit-learn takes seconds and much memory to load: only when there is something to compute.
    from services.recommender.core.clusters import compute_clusters  # noqa: PLC0415

    clustering = compute_clusters(songs, seed)
    if clustering is None:
        _log.info("too few songs to cluster", songs=len(songs))
        return False
    with database.writing() as connection:
        catalogue_store.raise_revision(connection)
        cluster_store.save_clustering(connection, clustering, clock())
    _log.info("clusters recomputed", clusters=len(clustering.clusters), silhouette=round(clustering.silhouette, 3))
    return True


def import_catalogue(
    celery: Celery,
    database: Database,
    rejects_folder: Path,
    kind: str,
    path: Path,
    format_name: str | None = None,
    encoding: str | None = None,
) -> None:
    """Import a file, and have done what follows from it; a file that cannot be imported is told in the log."""
    from services.recommender.importing.follow_up import request_follow_up  # noqa: PLC0415
    from services.recommender.importing.importer import Request, import_file, kind_named, rejects_file  # noqa: PLC0415

    try:
        rejects = rejects_file(rejects_folder, path)
        request = Request(kind_named(kind), path, rejects, format_name, encoding)
        summary = import_file(database, request)
    except UnavailableError:
        raise
    except EmoVerseError as error:
        _log.error("not imported", path=str(path), reason=error.message, advice=error.advice, code=error.code)
        return
    _log.info("imported", path=str(path), **asdict(summary))
    request_follow_up(celery, request.kind, summary)


def open_worker_app(settings: RecommenderSettings) -> Celery:
    """The Celery application with its tasks. Each process opens its own database."""
    celery = open_celery(settings)
    # Every process of the pool opens its own connections: they do not survive a fork.
    database = cache(lambda: Database(open_engine(settings.database_url)))

    def score() -> None:
        score_reviews(database())

    def cluster() -> None:
        recompute_clusters(database(), settings.seed)

    def load(kind: str, path: str, format_name: str | None = None, encoding: str | None = None) -> None:
        import_catalogue(celery, database(), settings.rejects_folder, kind, Path(path), format_name, encoding)

    celery.task(name=IMPORT_CATALOGUE, **_limits(HEAVY_LIMIT_S))(load)
    celery.task(name=SCORE_REVIEWS, **_limits(LIGHT_LIMIT_S))(score)
    celery.task(name=RECOMPUTE_CLUSTERS, **_limits(HEAVY_LIMIT_S))(cluster)
    return celery


def _limits(limit_s: int) -> dict[str, Any]:
    retry = {"autoretry_for": (UnavailableError,), "max_retries": None, "retry_backoff": True, "retry_backoff_max": 60}
    return {**retry, "soft_time_limit": limit_s, "time_limit": limit_s + GRACE_S}
