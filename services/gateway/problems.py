"""Every error of the HTTP interface, as application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from math import ceil
from typing import Annotated, Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Match
from starlette.websockets import WebSocket, WebSocketState

from contracts.events import IDENTIFIER_PATTERN
from servicekit.errors import (
    ConflictError,
    EmoVerseError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from services.gateway.errors import IncompatibleAnswerError

RETRY_AFTER_S: Final = 2
MEDIA_TYPE: Final = "application/problem+json"

# The first class that matches counts, so subclasses stand before their parents.
_STATUS_OF: Final[dict[type[EmoVerseError], HTTPStatus]] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConflictError: HTTPStatus.CONFLICT,
    OverloadedError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    IncompatibleAnswerError: HTTPStatus.BAD_GATEWAY,
    EmoVerseError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_RETRIED: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

# What Starlette raises by itself: (code, advice) by status.
_HTTP_ADVICE: Final[Mapping[int, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "Send a body of well-formed JSON."),
    HTTPStatus.NOT_FOUND: ("no_such_route", "The routes are listed at /docs."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "The Allow header names the methods; see /docs."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("content_too_large", "Send a smaller body."),
}
_FIELD_ADVICE: Final[Mapping[str, str]] = {
    "user_id": f"A user id matches {IDENTIFIER_PATTERN}: up to 64 letters, digits, '.', '_' and '-'.",
    "body": "Send a JSON object with the header Content-Type: application/json.",
}

_log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One thing wrong with one part of a request."""

    field: Annotated[str, Field(examples=["kind"])]
    detail: str


class Problem(BaseModel):
    """What went wrong and what to do about it (RFC 9457)."""

    type: Annotated[str, Field(examples=["urn:emoverse:problem:not_found"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(description="What was wrong")]
    code: Annotated[str, Field(description="Stable and machine-readable", examples=["not_found"])]
    advice: Annotated[str, Field(description="What to do about it")]
    fields: Annotated[list[FieldProblem], Field(description="The parts of the request that were wrong, if any")] = []


class ProblemResponse(JSONResponse):
    """A response whose body is a `Problem`."""

    media_type = MEDIA_TYPE


def status_of(error: EmoVerseError) -> HTTPStatus:
    """The HTTP status of an error."""
    return next(status for cls, status in _STATUS_OF.items() if isinstance(error, cls))


def problem_response(
    status: HTTPStatus,
    detail: str,
    code: str,
    advice: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> ProblemResponse:
    """A problem; `members` are further members of its body."""
    problem = Problem(
        type=f"urn:emoverse:problem:{code}", title=status.phrase, status=status, detail=detail, code=code, advice=advice
    )
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status in _RETRIED else {}
    body = problem.model_dump(mode="json") | members
    return ProblemResponse(body, status_code=status, headers={**retry, **(headers or {})})


def problem_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the problems a route can answer with."""
    return {int(status): {"model": Problem, "description": status.phrase} for status in statuses}


READ_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
WRITE_PROBLEMS: Final = READ_PROBLEMS | problem_responses(
    HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE
)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""
    app.exception_handler(EmoVerseError)(_on_known_error)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(HTTPException)(_on_http_error)
    app.exception_handler(Exception)(_on_bug)


async def _on_known_error(request: HTTPConnection, error: EmoVerseError) -> ProblemResponse | None:
    status = status_of(error)
    if isinstance(request, WebSocket):
        # A browser learns nothing of a handshake that failed, so that it is completed first.
        if request.client_state is WebSocketState.CONNECTING:
            await request.accept()
        await request.close(4000 + status, error.code)
        return None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning(error.message, code=error.code, path=request.url.path)
    retry_after = error.retry_after_s if isinstance(error, OverloadedError) else None
    headers = {"Retry-After": str(ceil(retry_after))} if retry_after else None
    return problem_response(status, error.message, error.code, error.advice, headers)


async def _on_invalid_request(_: Request, error: RequestValidationError) -> ProblemResponse:
    problems = [FieldProblem(field=_field(part["loc"]), detail=str(part["msg"])) for part in error.errors()]
    names = list(dict.fromkeys(problem.field for problem in problems))
    advice = [_FIELD_ADVICE[name] for name in names if name in _FIELD_ADVICE]
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "; ".join(f"{problem.field}: {problem.detail}" for problem in problems) + ".",
        InvalidInputError.default_code,
        " ".join([f"Correct {', '.join(names)}; the interface is described at /docs.", *advice]),
        fields=[problem.model_dump() for problem in problems],
    )


def _field(location: Sequence[int | str]) -> str:
    # FastAPI puts the part of the request first; what follows is a field, or a position in JSON that cannot be read.
    part, *inside = location
    return ".".join(map(str, inside)) if inside and isinstance(inside[0], str) else str(part)


async def _on_http_error(request: Request, error: HTTPException) -> ProblemResponse:
    status = HTTPStatus(error.status_code)
    code, advice = _HTTP_ADVICE.get(status, (status.name.lower(), "See /docs."))
    detail = f"{request.method} {request.url.path}: {error.detail}"
    headers = {"Allow": _allowed(request)} if status is HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return problem_response(status, detail, code, advice, headers)


def _allowed(request: Request) -> str:
    """Starlette names the methods of the first route with this path alone; a path may have several."""
    routes: list[BaseRoute] = request.app.routes
    asked = {method: dict(request.scope, method=method) for method in HTTPMethod}
    return ", ".join(
        method for method, scope in asked.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )


async def _on_bug(_: Request, __: Exception) -> ProblemResponse:
    # The server logs the exception itself; a client learns nothing about the inside.
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The gateway failed unexpectedly.",
        EmoVerseError.default_code,
        "Try again; if it stays, look at the gateway's log.",
    )
