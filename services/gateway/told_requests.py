"""Times, counts and traces every request."""

import time
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.tracing import HEADER, note, span
from services.gateway.metrics import GatewayMetrics

NO_ROUTE: Final = "none"
"""A page, a file of the web app, or nothing at all."""


class ToldRequests:
    """Requests are told by route, never by path: a path names a person."""

    def __init__(self, app: ASGIApp, metrics: GatewayMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note when the answer begins, since a live channel has no end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, told = time.perf_counter(), False

        def tell(status: int) -> None:
            nonlocal told
            told = True
            route = _route(scope)
            note(route=route, status=status)
            self._metrics.request_s.labels(route).observe(time.perf_counter() - began_s)
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(message["status"])
            await send(message)

        with _span(scope):
            try:
                await self._app(scope, receive, noted)
            except Exception:
                if not told:
                    tell(HTTPStatus.INTERNAL_SERVER_ERROR.value)
                raise


def _span(scope: Scope) -> Any:
    path: str = scope["path"]
    # Health is asked for all the time, and a live channel has no end: its messages belong to what they are about.
    if not path.startswith("/v1/") or path.endswith("/live"):
        return nullcontext()
    # A caller's own trace is only referred to: whoever calls must not decide what is kept here.
    return span(f"HTTP {scope['method']}", link=Headers(scope=scope).get(HEADER))


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", NO_ROUTE)
