"""Asks a worker to score new reviews."""

import asyncio

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from contracts.tasks import LIGHT_QUEUE, SCORE_REVIEWS
from servicekit.tracing import span, traceparent

_log = structlog.get_logger(__name__)


class ScoringRequester:
    """Enqueues the task that scores reviews. Many reviews at once share one task; where it cannot be enqueued, the
    clock's next one finds the reviews in the database."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._wanted = asyncio.Event()
        self._parent: str | None = None

    def ask(self) -> None:
        """Have the reviews scored soon; returns at once."""
        self._parent = traceparent()
        self._wanted.set()

    async def run(self) -> None:
        """Enqueue what is asked for, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                with span("enqueue", parent=self._parent):
                    await asyncio.to_thread(self._celery.send_task, SCORE_REVIEWS, queue=LIGHT_QUEUE, retry=False)
            except (OperationalError, OSError) as error:
                _log.warning("scoring could not be enqueued: the clock will do it", reason=str(error))
