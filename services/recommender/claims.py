"""Keeps the messages that a living worker holds from being given to others.

The broker hands out again what nobody has acknowledged for a while. With a long while, a task whose worker died waits
for all of it; with a short one, a task that takes longer runs twice at once. So the while is short, and a worker renews
its claim on each message as long as it lives.
"""

from threading import Event, Thread
from time import time
from typing import Any, Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

CALL_TIMEOUT_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Claims(Thread):
    """Renews the claims of a worker until `stop`; a thread, so that it goes on while the worker winds down.

    Args:
        consumer: Celery's, of the worker.
        every_s: a few times shorter than the broker's visibility timeout.
    """

    def __init__(self, consumer: Any, redis_url: str, every_s: float) -> None:
        super().__init__(name="claims", daemon=True)
        self._consumer = consumer
        self._every_s = every_s
        self._redis = Redis.from_url(redis_url, socket_timeout=CALL_TIMEOUT_S, socket_connect_timeout=CALL_TIMEOUT_S)
        self._ended = Event()

    def run(self) -> None:
        """See the class."""
        while not self._ended.wait(self._every_s):
            try:
                self._renew()
            # The worker's thread adds and removes messages, and drops its channel when it reconnects.
            except (RedisError, RuntimeError, AttributeError) as error:
                _log.debug("claims were not renewed this time", reason=str(error))

    def _renew(self) -> None:
        channel = self._consumer.task_consumer.channel
        # Kombu has no public name for what a channel has delivered.
        held = {tag: time() for tag in list(channel.qos._delivered)}  # noqa: SLF001
        if held:
            # Only those that are still there: one that was acknowledged meanwhile must not come back.
            self._redis.zadd(channel.unacked_index_key, held, xx=True)

    def stop(self) -> None:
        """Give up the claims; what is still held is handed out again soon."""
        self._ended.set()
        self._redis.close()
