"""Whether the gateway lives, and whether it can do its work."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from servicekit.errors import UnavailableError
from services.gateway.problems import Problem, problem_response
from services.gateway.watch import Dependency, Watch

router = APIRouter(prefix="/health", tags=["health"])


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class DependencyState(BaseModel):
    """Whether something that the gateway needs works."""

    state: Literal["up", "down"]
    detail: str | None = None
    advice: str | None = None


class Readiness(BaseModel):
    """The gateway can do its work."""

    status: Literal["ready"] = "ready"
    dependencies: dict[Dependency, DependencyState]


class NotReady(Problem):
    """The gateway lacks something."""

    dependencies: dict[Dependency, DependencyState]


def _watch(request: Request) -> Watch:
    return request.app.state.watch


@router.get("/live", operation_id="getLiveness", summary="Does the process answer?")
async def live() -> Liveness:
    """Always 200: restart the process where this does not answer."""
    return Liveness()


@router.get(
    "/ready",
    operation_id="getReadiness",
    summary="Can it do its work?",
    response_model=Readiness,
    responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": NotReady, "description": "Something it needs is down"}},
)
async def ready(watch: Annotated[Watch, Depends(_watch)]) -> Readiness | Response:
    """Asks every dependency now, each with a short deadline."""
    errors = await watch.check()
    states = {name: state_of(error) for name, error in errors.items()}
    missing = [error for error in errors.values() if error]
    if not missing:
        return Readiness(dependencies=states)
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        " ".join(error.message for error in missing),
        "not_ready",
        " ".join(error.advice for error in missing),
        dependencies={name: state.model_dump() for name, state in states.items()},
    )


def state_of(error: UnavailableError | None) -> DependencyState:
    """What a check of a dependency has shown."""
    if error is None:
        return DependencyState(state="up")
    return DependencyState(state="down", detail=error.message, advice=error.advice)
