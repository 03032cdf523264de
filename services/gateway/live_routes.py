"""The live channel over HTTP: server-sent events."""

from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated, ClassVar, Final

import structlog
from fastapi import APIRouter, Depends, Request
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from services.gateway.access import ACCESS_PROBLEMS, OwnedId, PossiblePrincipal
from services.gateway.live import LiveMessage
from services.gateway.models import LiveRecommendations, Notice, UserMood
from services.gateway.problems import problem_responses
from services.gateway.stream import LiveStreams

PING_INTERVAL_S: Final = 15
SEND_TIMEOUT_S: Final = 15.0
"""How long a reader that takes nothing keeps its place before the connection is given up."""

_log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1", tags=["live"])


class LiveResponse(EventSourceResponse):
    """Server-sent events to a reader that may stop reading."""

    media_type: ClassVar[str] = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the end, or until nothing could be sent for `SEND_TIMEOUT_S`."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("gave up on a live reader that takes nothing", path=scope["path"])


def _streams(request: Request) -> LiveStreams:
    return request.app.state.streams


@router.get(
    "/users/{user_id}/live",
    operation_id="getLive",
    summary="A person's mood and picks, as they change",
    response_class=LiveResponse,
    response_model=UserMood | LiveRecommendations | Notice,
    response_description="Server-sent events; the schema is that of an event's data, by the event's name",
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def get_live(
    user_id: OwnedId, who: PossiblePrincipal, streams: Annotated[LiveStreams, Depends(_streams)]
) -> LiveResponse:
    """Server-sent events, the present state first: `mood` (as from GET mood), `recommendations` (picks of every kind),
    and `notice` (something about this channel; with `"final": true` it ends here). Comments are heartbeats.
    """
    messages = streams.open(user_id, who.session_id if who else None)
    return LiveResponse(_events(messages), ping=PING_INTERVAL_S, send_timeout=SEND_TIMEOUT_S)


async def _events(messages: AsyncGenerator[LiveMessage]) -> AsyncGenerator[bytes]:
    async for message in messages:
        yield message.encoded
