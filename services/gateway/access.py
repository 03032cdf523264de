"""Who may do what: every route about a person asks here."""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from contracts.events import Identifier
from servicekit.database import Offloader
from servicekit.loopback import is_loopback
from services.gateway.accounts.accounts import Accounts
from services.gateway.accounts.errors import ConsentMissingError, NotYoursError, SessionMissingError
from services.gateway.accounts.records import Principal
from services.gateway.problems import problem_response, problem_responses
from services.gateway.settings import GatewaySettings

COOKIE: Final = "emoverse_session"
ME: Final = "me"
ACCOUNT_PREFIX: Final = "u-"
"""Only accounts have such ids; every other name is one that somebody chose for a capture client."""

ACCESS_PROBLEMS: Final = problem_responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def is_account(user_id: str) -> bool:
    """Whether this is an account's id."""
    return user_id.startswith(ACCOUNT_PREFIX)


async def principal(connection: HTTPConnection) -> Principal | None:
    """Who asks; None where nobody is known to."""
    token = connection.cookies.get(COOKIE)
    if token is None:
        return None
    accounts: Accounts = connection.app.state.accounts
    offload: Offloader = connection.app.state.offload
    return await offload(accounts.principal, token)


PossiblePrincipal = Annotated[Principal | None, Depends(principal)]


async def signed_in(who: PossiblePrincipal) -> Principal:
    """Who asks.

    Raises:
        SessionMissingError: nobody is known to.
    """
    if who is None:
        raise SessionMissingError
    return who


SignedIn = Annotated[Principal, Depends(signed_in)]


async def agreed(who: SignedIn) -> Principal:
    """Who asks, and agreed that their pictures are looked at.

    Raises:
        SessionMissingError: nobody is known to ask.
        ConsentMissingError: they did not agree.
    """
    if not who.account.agrees:
        raise ConsentMissingError
    return who


Agreed = Annotated[Principal, Depends(agreed)]


async def owned(
    connection: HTTPConnection,
    who: PossiblePrincipal,
    user_id: Annotated[Identifier, Path(description="Whose; `me` for your own", examples=["me"])],
) -> str:
    """The person that a route is about, who is the one that asks, or one that they may act for.

    An operator may act for everybody. On a single machine that is open, anybody there may act for a name that is no
    account's. Anybody may watch the demo.

    Raises:
        SessionMissingError: nobody is known to ask.
        NotYoursError: it is somebody else's.
    """
    settings: GatewaySettings = connection.app.state.settings
    if settings.open and user_id != ME and not is_account(user_id):
        return user_id
    if user_id == settings.demo_user and connection.scope.get("method") in _SAFE:
        return user_id
    if who is None:
        raise SessionMissingError
    if user_id in {ME, who.account.id}:
        return who.account.id
    if who.account.is_operator:
        return user_id
    raise NotYoursError


OwnedId = Annotated[str, Depends(owned)]


async def operating(who: SignedIn) -> Principal:
    """Who asks, and operates the system.

    Raises:
        SessionMissingError: nobody is known to ask.
        NotYoursError: they do not.
    """
    if not who.account.is_operator:
        raise NotYoursError
    return who


class SameSite:
    """Refuses what another site has a browser do, by what browsers say of themselves (Fetch Metadata, else Origin).

    What no browser sends carries neither header, and no cookie that it did not ask for.

    Args:
        loopback_only: the gateway is open to this machine; then it answers to no other name, lest another site rename
            this one (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with 403."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._loopback_only and not is_loopback(_hostname(headers)):
            await _refuse("wrong_host", "This gateway answers to this machine only.", scope, receive, send)
        elif (scope["type"] == "websocket" or scope["method"] not in _SAFE) and _is_cross_site(headers):
            await _refuse("cross_site", "Another site asked for this.", scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _hostname(headers: Headers) -> str:
    return urlsplit(f"//{headers.get('host', '')}").hostname or ""


def _is_cross_site(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


async def _refuse(code: str, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    response = problem_response(HTTPStatus.FORBIDDEN, detail, code, "Open the gateway's own page.")
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)


def set_session(request: Request, response: Response, token: str, max_age_s: int) -> None:
    """Have the browser keep the session: not for scripts, not for other sites, and on https only where we are there."""
    response.set_cookie(
        COOKIE, token, max_age=max_age_s, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def clear_session(request: Request, response: Response) -> None:
    """Have the browser forget the session."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
