"""What became of the tasks: kept in Redis by whoever sends and runs them, read by operators.

It is a report, not the queue: where Redis loses it, no task is lost, and where it cannot be written, tasks go on.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog
from pydantic import BaseModel
from redis import Redis
from redis.exceptions import RedisError

from contracts.tasks import TaskState
from servicekit.pubsub import unavailable

MAX_TASKS: Final = 1000
"""Reported at most; the oldest go first."""
KEPT: Final = timedelta(days=7)
MAX_CHARACTERS: Final = 2000
"""Of an error, a result, arguments."""
CALL_TIMEOUT_S: Final = 2.0
_LIST: Final = "emoverse:v1:tasks"
_TASK: Final = "emoverse:v1:task:{}"

_log = structlog.get_logger(__name__)


class TaskReport(BaseModel):
    """A task, and what became of it. A task that found nothing to do is not reported."""

    id: str
    name: str
    queue: str
    arguments: str = ""
    state: TaskState
    starts: int = 0
    """How often it was begun: again after a failure that passes, and after its worker was lost."""
    done: int = 0
    total: int = 0
    """How much there is to do, in units of the task's own; 0 where that is unknown."""
    queued_at: datetime
    started_at: datetime | None = None
    """The last time."""
    ended_at: datetime | None = None
    worker: str = ""
    result: str = ""
    error: str = ""


class TaskJournal:
    """Writes and reads the reports. Its methods block; those that write fail silently but for a line in the log."""

    def __init__(self, redis_url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_timeout=CALL_TIMEOUT_S,
            socket_connect_timeout=CALL_TIMEOUT_S,
        )
        self._clock = clock
        self._cut_off: list[str] = []

    def queued(self, task_id: str, name: str, queue: str, arguments: str, expires_s: float | None = None) -> None:
        """It was sent.

        Args:
            expires_s: after which it is not begun any more. Such a task is listed when it is begun: where there is no
                worker, those that the clock sends would push all others out.
        """
        fields = {"name": name, "queue": queue, "arguments": arguments, "queued_at": self._now()}
        self._write(task_id, TaskState.QUEUED, fields, expires_s)

    def started(self, task_id: str, worker: str) -> int:
        """A worker has begun it; how often that has happened so far, but for when it was cut off."""
        self._write(task_id, TaskState.RUNNING, {"worker": worker, "started_at": self._now(), "error": ""})
        try:
            with self._redis.pipeline() as pipe:
                pipe.hincrby(_TASK.format(task_id), "starts", 1)
                pipe.hget(_TASK.format(task_id), "cut_off")
                starts, cut_off = pipe.execute()
        except RedisError:
            return 1
        return starts - int(cut_off or 0)

    def cut_off(self, task_id: str) -> None:
        """Its worker has let go of it, since Redis is away; noted until `count_cut_off`."""
        self._cut_off.append(task_id)

    def count_cut_off(self) -> None:
        """Redis is back."""
        try:
            while self._cut_off:
                key = _TASK.format(self._cut_off[-1])
                # What went with its Redis must not seem to be known.
                if self._redis.exists(key):
                    self._redis.hincrby(key, "cut_off", 1)
                self._cut_off.pop()
        except RedisError as error:
            self._tell(error)

    def progressed(self, task_id: str, done: int, total: int) -> None:
        """So much is done."""
        self._write(task_id, TaskState.RUNNING, {"done": done, "total": total})

    def retrying(self, task_id: str, error: object) -> None:
        """It will be run again."""
        self._write(task_id, TaskState.RETRYING, {"error": str(error)})

    def done(self, task_id: str, result: Any) -> None:
        """It has ended well; forgotten where it found nothing to do."""
        if result:
            self._write(task_id, TaskState.DONE, {"result": json.dumps(result), "ended_at": self._now()})
        else:
            self.forget(task_id)

    def failed(self, task_id: str, error: object) -> None:
        """It has ended badly, for good."""
        self._write(task_id, TaskState.FAILED, {"error": str(error), "ended_at": self._now()})

    def forget(self, task_id: str) -> None:
        """It was never sent, has expired, or is of no interest."""
        try:
            with self._redis.pipeline() as pipe:
                pipe.delete(_TASK.format(task_id))
                pipe.zrem(_LIST, task_id)
                pipe.execute()
        except RedisError as error:
            self._tell(error)

    def knows(self, task_id: str) -> bool:
        """Whether it was sent, and is not forgotten.

        Raises:
            UnavailableError: Redis does not answer.
        """
        try:
            return bool(self._redis.exists(_TASK.format(task_id)))
        except RedisError as error:
            raise unavailable(error) from error

    def latest(self, count: int = MAX_TASKS, state: TaskState | None = None) -> list[TaskReport]:
        """At most `count` reports, of one state or of all, the one sent last first.

        Raises:
            UnavailableError: Redis does not answer.
        """
        try:
            ids: Any = self._redis.zrevrange(_LIST, 0, -1)
            with self._redis.pipeline() as pipe:
                for task_id in ids:
                    pipe.hgetall(_TASK.format(task_id))
                found = pipe.execute()
        except RedisError as error:
            raise unavailable(error) from error
        pairs = zip(ids, found, strict=True)
        reports = [TaskReport.model_validate({"id": key, **fields}) for key, fields in pairs if "name" in fields]
        return [each for each in reports if state in (None, each.state)][:count]

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()

    def _write(self, task_id: str, state: TaskState, fields: Mapping[str, Any], expires_s: float | None = None) -> None:
        key = _TASK.format(task_id)
        shortened = {name: str(value)[:MAX_CHARACTERS] for name, value in fields.items()}
        try:
            with self._redis.pipeline() as pipe:
                pipe.hset(key, mapping={"state": state, **shortened})
                pipe.expire(key, ceil(expires_s) if expires_s else KEPT)
                if not expires_s:
                    pipe.zadd(_LIST, {task_id: self._clock().timestamp()}, nx=True)
                pipe.zrange(_LIST, 0, -MAX_TASKS - 1)
                pipe.zremrangebyrank(_LIST, 0, -MAX_TASKS - 1)
                *_, too_old, _ = pipe.execute()
            if too_old:
                self._redis.delete(*map(_TASK.format, too_old))
        except RedisError as error:
            self._tell(error)

    def _now(self) -> str:
        return self._clock().isoformat()

    def _tell(self, error: RedisError) -> None:
        _log.warning("what becomes of tasks could not be reported", reason=str(error))
