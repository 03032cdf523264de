"""Celery as every process uses it: how tasks travel, and when the clock sends them."""

from typing import Any, Final
from uuid import uuid4

from celery import Celery, signals

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from servicekit.tracing import HEADER, traceparent
from services.recommender.settings import RecommenderSettings
from services.recommender.task_journal import TaskJournal

IMPORT_LIMIT_S: Final = 4 * 3600
HEAVY_LIMIT_S: Final = 600
LIGHT_LIMIT_S: Final = 60
GRACE_S: Final = 15
"""Between the limit at which a task is told to stop and the one at which its process is killed."""
SWEEPS: Final = 6
"""How often, within the time after which a worker counts as lost, its tasks are looked for."""
BROKER_TIMEOUT_S: Final = 5


class TaskSender(Celery):
    """Celery that reports what it sends."""

    journal: TaskJournal

    def send_task(  # pyright: ignore[reportIncompatibleMethodOverride]  (the rest is in the options)
        self, name: str, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        """As Celery's; raises the same."""
        if parent := traceparent():
            options["headers"] = {HEADER: parent, **(options.get("headers") or {})}
        task_id = options["task_id"] = options.get("task_id") or uuid4().hex
        # A retry is the same task again.
        if not options.get("retries"):
            arguments = " ".join([*map(str, args or ()), *(f"{key}={value}" for key, value in (kwargs or {}).items())])
            self.journal.queued(task_id, name, options.get("queue") or LIGHT_QUEUE, arguments, options.get("expires"))
        try:
            return super().send_task(name, args, kwargs, **options)
        except BaseException:
            self.journal.forget(task_id)
            raise

    def close(self) -> None:
        """Let the connections go."""
        super().close()
        self.journal.close()


def open_celery(settings: RecommenderSettings) -> TaskSender:
    """The application without its tasks: enough to send them. Nothing is connected yet."""
    celery = TaskSender("emoverse", broker=settings.redis_url, set_as_current=False)
    celery.journal = TaskJournal(settings.redis_url)
    celery.conf.update(
        broker_transport="services.recommender.transport:Transport",
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=LIGHT_QUEUE,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A Redis that takes no writes, or has no memory left, answers: it is tried again like one that does not.
        broker_channel_error_retry=True,
        broker_transport_options={
            # Workers renew their claims: see `claims`.
            "visibility_timeout": settings.worker_lost_after_s,
            "unacked_restore_interval": settings.worker_lost_after_s / SWEEPS,
            "unacked_restore_throttle": 1,
            # A worker that dies while it looks must not keep the others from looking.
            "unacked_mutex_expire": max(1, round(settings.worker_lost_after_s / SWEEPS)),
            "socket_timeout": BROKER_TIMEOUT_S,
            "socket_connect_timeout": BROKER_TIMEOUT_S,
            # Whoever sends is told at once; the worker and the clock try again by their own rules.
            "max_retries": 0,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
        },
        beat_max_loop_interval=BROKER_TIMEOUT_S,
        beat_schedule={
            "clusters": _periodically(RECOMPUTE_CLUSTERS, HEAVY_QUEUE, settings.clusters_every_s),
            "reviews": _periodically(SCORE_REVIEWS, LIGHT_QUEUE, settings.reviews_every_s),
        },
    )
    return celery


def _periodically(task: str, queue: str, every_s: float) -> dict[str, Any]:
    # A task that nobody has begun when the next one is due has become pointless.
    return {"task": task, "schedule": every_s, "options": {"queue": queue, "expires": every_s}}


def keep_our_logging() -> None:
    """Let Celery log through the loggers as they are: who listens to this signal replaces its own set-up of them."""
    signals.setup_logging.connect(_nothing, weak=False)


def _nothing(**_: Any) -> None:
    pass
