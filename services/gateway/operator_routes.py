"""What an operator sees."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from contracts.tasks import TaskState
from services.gateway.access import ACCESS_PROBLEMS, operating
from services.gateway.accounts.records import Census
from services.gateway.health import DependencyState, state_of
from services.gateway.loads import EmotionWorker, loads
from services.gateway.models import IdempotencyHeader
from services.gateway.operator_models import ImportRequest, SentTask, TaskView, WorkerView
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
