"""What the workers have to do after an import."""

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from contracts.recommendation import TRAITS, Kind
from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from services.recommender.importing.importer import Summary

_log = structlog.get_logger(__name__)


def request_follow_up(celery: Celery, kind: Kind, summary: Summary) -> None:
    """Have changed songs clustered and new reviews scored; where the broker is away, the clock will do it."""
    if not summary.added + summary.updated + summary.merged:
        return
    task, queue = (RECOMPUTE_CLUSTERS, HEAVY_QUEUE) if TRAITS[kind].is_sound else (SCORE_REVIEWS, LIGHT_QUEUE)
    try:
        celery.send_task(task, queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        _log.warning("the workers could not be told: the clock will do it", task=task, reason=str(error))
