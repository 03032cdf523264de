"""The names of the Celery tasks and of the queues they wait in."""

from typing import Final

RECOMPUTE_CLUSTERS: Final = "emoverse.recompute_clusters"
SCORE_REVIEWS: Final = "emoverse.score_reviews"

HEAVY_QUEUE: Final = "emoverse.heavy"
LIGHT_QUEUE: Final = "emoverse.light"
"""Seconds at most a task; heavy work never waits in front of it."""
