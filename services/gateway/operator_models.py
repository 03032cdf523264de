"""The bodies of what an operator asks for and sees."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from contracts.recommendation import Kind
from contracts.tasks import TaskState
from contracts.uploads import FILE_NAME_PATTERN
from services.gateway.request_body import RequestBody

FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,300}$")]
NewFileName = Annotated[str, StringConstraints(pattern=FILE_NAME_PATTERN)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,40}$")]


class ImportRequest(RequestBody):
    """A file for the catalogue."""

    kind: Kind
    file: Annotated[FileName, Field(description="Its path in the import folder", examples=["songs.csv"])]
    format: Annotated[Word, Field(description="By default found out from the header")] = ""
    encoding: Annotated[Word, Field(description="By default UTF-8, and Windows-1252 for lines that are not")] = ""


class UploadedFile(BaseModel):
    """A file that lies in the import folder, whole."""

    file: Annotated[str, Field(description="What an import calls it")]
    size_bytes: int
    duplicate: Annotated[bool, Field(description="The same file was there before; nothing was changed")]


class SentTask(BaseModel):
    """A task that waits for a worker."""

    task_id: str
    duplicate: Annotated[bool, Field(description="This key had sent it before; nothing was sent again")]


class TaskView(BaseModel):
    """A task of the workers. One that found nothing to do is forgotten."""

    id: str
    name: Annotated[str, Field(examples=["emoverse.import_catalogue"])]
    queue: str
    arguments: str
    state: TaskState
    starts: Annotated[int, Field(description="How often it was begun")]
    done: Annotated[int, Field(description="Of `total`, in units of the task's own, e.g. bytes")]
    total: Annotated[int, Field(description="0 where that is unknown")]
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker: str
    result: Annotated[str, Field(description="JSON; empty until it has ended well")]
    error: str


class WorkerView(BaseModel):
    """A worker that answers."""

    name: str
    queues: list[str]
    running: Annotated[int, Field(description="Tasks")]
