"""Runs Celery's worker in this process."""

import sys
import warnings
from typing import Any, Final

from celery import signals
from celery.platforms import SecurityWarning

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from services.recommender.alive import alive_step
from services.recommender.broker import keep_our_logging
from services.recommender.claims import Claims
from services.recommender.settings import RecommenderSettings
from services.recommender.tasks import open_worker_app
from services.recommender.worker_telemetry import telling

RENEWALS: Final = 4
"""Of a claim, within the time after which a worker counts as lost."""
CATCHING_UP: Final = ((RECOMPUTE_CLUSTERS, HEAVY_QUEUE), (SCORE_REVIEWS, LIGHT_QUEUE))


def run_worker(settings: RecommenderSettings, queues: list[str]) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in progress and exit."""
    celery = open_worker_app(settings)
    keep_our_logging()
    # Only what pickle could do makes root dangerous, and only JSON is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)

    def catch_up(**_: Any) -> None:
        for task, queue in CATCHING_UP:
            if queue in queues:
                celery.send_task(task, queue=queue)

    def keep_claims(sender: Any, **_: Any) -> None:
        Claims(sender, settings.redis_url, settings.worker_lost_after_s / RENEWALS).start()

    def forget_expired(request: Any, **_: Any) -> None:
        celery.journal.forget(request.id)

    if settings.alive_file:
        steps: Any = celery.steps
        steps["worker"].add(alive_step(settings.alive_file))
    signals.worker_ready.connect(catch_up, weak=False)
    signals.worker_ready.connect(keep_claims, weak=False)
    signals.task_revoked.connect(forget_expired, weak=False)
    worker = celery.Worker(
        concurrency=settings.worker_concurrency, queues=queues, without_mingle=True, without_gossip=True, quiet=True
    )
    with telling(settings, queues, [name for name in celery.tasks if not name.startswith("celery.")]):
        worker.start()
    sys.exit(worker.exitcode)
