"""What routes about accounts work with."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from servicekit.database import Offloader
from services.gateway.accounts.accounts import Accounts
from services.gateway.accounts.attempts import Attempts
from services.gateway.accounts.forgetting import Forgetting
from services.gateway.accounts.stops import Stops
from services.gateway.problems import READ_PROBLEMS


def _accounts(request: Request) -> Accounts:
    return request.app.state.accounts


def _offload(request: Request) -> Offloader:
    return request.app.state.offload


def _attempts(request: Request) -> Attempts:
    return request.app.state.attempts


def _stops(request: Request) -> Stops:
    return request.app.state.stops


def _forgetting(request: Request) -> Forgetting:
    return request.app.state.forgetting


AccountsDep = Annotated[Accounts, Depends(_accounts)]
OffloadDep = Annotated[Offloader, Depends(_offload)]
AttemptsDep = Annotated[Attempts, Depends(_attempts)]
ForgettingDep = Annotated[Forgetting, Depends(_forgetting)]
StopsDep = Annotated[Stops, Depends(_stops)]


def address_of(request: Request) -> str:
    """Where a request comes from, to limit attempts by."""
    return request.client.host if request.client else "unknown"


def account_router() -> APIRouter:
    """For some of the routes."""
    return APIRouter(prefix="/v1", tags=["account"], responses=READ_PROBLEMS)
