"""The clock of the workers, of which only one ticks at a time."""

import signal
from contextlib import suppress
from typing import Any, Final, NoReturn

import stamina
import structlog
from celery.apps.beat import Beat
from celery.beat import Scheduler
from redis import Redis
from redis.exceptions import LockError, RedisError

from services.recommender.alive import touch
from services.recommender.broker import keep_our_logging, open_celery
from services.recommender.settings import RecommenderSettings

LOCK: Final = "emoverse:v1:beat"
LOCK_TTL_S: Final = 30.0
"""How long the others wait for a clock that has died. Longer than any pause between two ticks."""
CALL_TIMEOUT_S: Final = 5.0

_log = structlog.get_logger(__name__)


class SingleScheduler(Scheduler):
    """Ticks only while it holds a lock in Redis; further ones wait for it. Keeps nothing on disk: every schedule is
    short, and every worker has each task run once when it starts."""

    def setup_schedule(self) -> None:
        """Called once, before the first tick."""
        self._redis = Redis.from_url(
            self.app.conf.broker_url, socket_timeout=CALL_TIMEOUT_S, socket_connect_timeout=CALL_TIMEOUT_S
        )
        self._lock = self._redis.lock(LOCK, timeout=LOCK_TTL_S, sleep=1.0)
        super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; waits for the lock first. Returns the seconds until the next tick."""
        self._hold_lock()
        touch(self.app.conf.alive_file)
        self._follow_the_clock()
        return super().tick(*args, **kwargs)

    def close(self) -> None:
        """Let the next clock tick at once. Celery calls it more than once."""
        super().close()
        with suppress(LockError, RedisError):
            self._lock.release()
        self._redis.close()

    def _follow_the_clock(self) -> None:
        entries: Any = self.schedule
        for entry in entries.values():
            # The clock was set back: else nothing would be sent until it is as late again.
            if entry.last_run_at > (now := entry.default_now()):
                entry.last_run_at, self._heap = now, None

    @stamina.retry(on=RedisError, attempts=None, timeout=None, wait_initial=0.5, wait_max=5.0)
    def _hold_lock(self) -> None:
        try:
            self._lock.reacquire()
        except LockError:
            if not self._lock.acquire(blocking=False):
                _log.info("another beat ticks: waiting for it")
                while not self._lock.acquire(blocking_timeout=CALL_TIMEOUT_S):
                    touch(self.app.conf.alive_file)
            _log.info("this beat ticks")


class InterruptibleBeat(Beat):
    """Stops by leaving what it does; Celery's own handler would use the connection that is just being read from."""

    def install_sync_handler(self, service: Any) -> None:
        """Called once. What `Scheduler.close` has to do, the service does on its way out."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave)


def _leave(*_: object) -> NoReturn:
    raise SystemExit


def run_beat(settings: RecommenderSettings) -> None:
    """Send the periodic tasks until SIGTERM or SIGINT; waits while another beat does."""
    celery = open_celery(settings)
    celery.conf.alive_file = settings.alive_file
    keep_our_logging()
    InterruptibleBeat(app=celery, scheduler=f"{__name__}:{SingleScheduler.__name__}", quiet=True).run()
