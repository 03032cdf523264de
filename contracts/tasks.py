"""The names of the Celery tasks and of the queues they wait in, and where a task stands."""

from enum import StrEnum
from typing import Final

RECOMPUTE_CLUSTERS: Final = "emoverse.recompute_clusters"
SCORE_REVIEWS: Final = "emoverse.score_reviews"
IMPORT_CATALOGUE: Final = "emoverse.import_catalogue"
"""With `kind`, `path` as the worker sees it, and optionally `format_name` and `encoding`."""

HEAVY_QUEUE: Final = "emoverse.heavy"
LIGHT_QUEUE: Final = "emoverse.light"
"""Seconds at most a task; heavy work never waits in front of it."""


class TaskState(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    """It failed for a reason that passes, and waits to be run again."""
    DONE = "done"
    FAILED = "failed"
