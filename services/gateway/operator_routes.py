"""What an operator sees and asks for."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from contracts.tasks import TaskState
from servicekit.errors import InvalidInputError
from services.gateway.access import ACCESS_PROBLEMS, operating
from services.gateway.accounts.records import Census
from services.gateway.health import DependencyState, state_of
from services.gateway.loads import EmotionWorker, loads
from services.gateway.models import IdempotencyHeader
from services.gateway.operator_models import ImportRequest, NewFileName, SentTask, TaskView, UploadedFile, WorkerView
from services.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS
from services.gateway.routes import RecommenderDep
from services.gateway.watch import Dependency

router = APIRouter(
    prefix="/v1/operator",
    tags=["operator"],
    dependencies=[Depends(operating)],
    responses=READ_PROBLEMS | ACCESS_PROBLEMS,
)


class Status(BaseModel):
    """How the system is, as this replica of the gateway sees it."""

    dependencies: dict[Dependency, DependencyState]
    live_channels: Annotated[int, Field(description="Readers of live channels of this replica")]
    capture_channels: Annotated[int, Field(description="Browsers whose camera this replica streams")]
    listening_to_moods: Annotated[int, Field(description="Recommenders and gateways that hear of moods")]
    emotion_workers: Annotated[
        list[EmotionWorker], Field(description="Who reads pictures now, the one with most streams first")
    ]
    queues: Annotated[dict[str, int], Field(description="Tasks that wait for a worker, by queue")]
    guests: int
    members: int


@router.get("/status", operation_id="getStatus", summary="How the system is")
async def get_status(request: Request) -> Status:
    """For operators only."""
    state = request.app.state
    errors = await state.watch.check()
    census: Census = await state.offload(state.accounts.census)
    now = await loads(state.redis)
    return Status(
        dependencies={name: state_of(error) for name, error in errors.items()},
        live_channels=len(state.feed.listeners),
        capture_channels=state.bridges.count,
        listening_to_moods=now.listening_to_moods,
        emotion_workers=now.emotion_workers,
        queues=now.queues,
        guests=census.guests,
        members=census.members,
    )


@router.get("/workers", operation_id="getWorkers", summary="Who works on tasks")
async def get_workers(recommender: RecommenderDep) -> list[WorkerView]:
    """Those that answer; takes a second."""
    return await recommender.workers()


@router.get("/tasks", operation_id="getTasks", summary="What became of tasks")
async def get_tasks(
    recommender: RecommenderDep,
    state: Annotated[TaskState | None, Query(description="Only these")] = None,
    count: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[TaskView]:
    """Imports, clusters and review sentiment, with their progress; the one sent last first. Kept for a week."""
    return await recommender.tasks(count, state)


_SEND: Final[dict[str, Any]] = {"status_code": HTTPStatus.ACCEPTED, "responses": WRITE_PROBLEMS | ACCESS_PROBLEMS}


@router.post("/clusters", operation_id="recomputeClusters", summary="Find the clusters again", **_SEND)
async def recompute_clusters(recommender: RecommenderDep, idempotency_key: IdempotencyHeader = None) -> SentTask:
    """A worker does it; where no song has changed since, there is nothing to do, and the task is forgotten."""
    return await recommender.recompute(idempotency_key or uuid4().hex)


@router.post("/imports", operation_id="importFile", summary="Import a file into the catalogue", **_SEND)
async def import_file(
    order: ImportRequest, recommender: RecommenderDep, idempotency_key: IdempotencyHeader = None
) -> SentTask:
    """A file that lies in the workers' import folder. The task tells its progress, and in the end what was done."""
    return await recommender.import_file(order, idempotency_key or uuid4().hex)


SILENCE_S: Final = 30.0
"""How long nothing may come of a file that is being sent."""
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put(
    "/files/{file}",
    operation_id="uploadFile",
    summary="Put a file into the import folder",
    status_code=HTTPStatus.CREATED,
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
    openapi_extra=_FILE,
)
async def upload_file(
    file: Annotated[NewFileName, Path(description="Its name there", examples=["songs.csv"])],
    request: Request,
    recommender: RecommenderDep,
) -> UploadedFile:
    """It is there once it has come whole, and can then be imported. No other file of that name is replaced; to send the
    same one again is harmless."""
    announced = request.headers.get("content-length", "")
    size_bytes = min(int(announced), 2**63) if announced.isdecimal() else 0
    return await recommender.upload(file, size_bytes, _coming(request))


async def _coming(request: Request) -> AsyncGenerator[bytes]:
    body = request.stream()
    try:
        while True:
            async with asyncio.timeout(SILENCE_S):
                piece = await anext(body, b"")
            if not piece:
                return
            yield piece
    except (TimeoutError, ClientDisconnect) as error:
        raise InvalidInputError(
            f"The file broke off, or nothing of it came for {SILENCE_S:g} s.", "Send it again.", code="upload_broken"
        ) from error
