"""What operators ask of the workers: sent as tasks, each once for its idempotency key; and who works."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from kombu.exceptions import OperationalError

from contracts.recommendation import Kind
from contracts.tasks import HEAVY_QUEUE, IMPORT_CATALOGUE, RECOMPUTE_CLUSTERS, TaskState
from servicekit.pubsub import unavailable
from services.recommender.broker import TaskSender
from services.recommender.import_folder import ImportFolder
from services.recommender.task_journal import TaskReport
from services.recommender.uploads import Uploads

ANSWER_TIMEOUT_S: Final = 1.0
"""How long the workers have to answer; one that is busy with its last bit of memory may be missed."""


class Sent(NamedTuple):
    """A task that was sent, now or before."""

    task_id: str
    duplicate: bool


class ImportOrder(NamedTuple):
    """A file to import."""

    kind: Kind
    file: str
    """Its path in the import folder."""
    format: str = ""
    encoding: str = ""


class WorkerReport(NamedTuple):
    """A worker that answers."""

    name: str
    queues: list[str]
    running: int
    """Tasks."""


class Operations:
    """Blocks; every method raises `UnavailableError` where Redis does not answer."""

    def __init__(self, celery: TaskSender, folder: ImportFolder) -> None:
        self._celery = celery
        self._folder = folder
        self.uploads = Uploads(folder)

    def recompute(self, key: str) -> Sent:
        """Have the clusters found again."""
        return self._send(RECOMPUTE_CLUSTERS, {}, key)

    def import_file(self, order: ImportOrder, key: str) -> Sent:
        """Have a file imported; whether it is there, its worker finds out.

        Raises:
            NotInImportFolderError: it lies elsewhere.
        """
        path = self._folder.path_of(order.file)
        asked = {"kind": order.kind, "path": str(path), "format_name": order.format, "encoding": order.encoding}
        return self._send(IMPORT_CATALOGUE, {name: value for name, value in asked.items() if value}, key)

    def workers(self) -> list[WorkerReport]:
        """Those that answer in time, by name."""
        try:
            inspect = self._celery.control.inspect(timeout=ANSWER_TIMEOUT_S)
            answers: Mapping[str, list[Any]] = inspect.active_queues() or {}
        except (OperationalError, OSError) as error:
            raise unavailable(error) from error
        running = [task.worker for task in self._celery.journal.latest(state=TaskState.RUNNING)]
        return [
            WorkerReport(name, sorted(queue["name"] for queue in queues), running.count(name))
            for name, queues in sorted(answers.items())
        ]

    def tasks(self, count: int, state: TaskState | None) -> list[TaskReport]:
        """See `TaskJournal.latest`."""
        return self._celery.journal.latest(count, state)

    def _send(self, task: str, arguments: Mapping[str, str], key: str) -> Sent:
        task_id = sha256(f"{task}\n{key}".encode()).hexdigest()[:32]
        if self._celery.journal.knows(task_id):
            return Sent(task_id, duplicate=True)
        try:
            self._celery.send_task(task, kwargs=arguments, queue=HEAVY_QUEUE, task_id=task_id, retry=False)
        except (OperationalError, OSError) as error:
            raise unavailable(error) from error
        return Sent(task_id, duplicate=False)
