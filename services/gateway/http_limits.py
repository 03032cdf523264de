"""What holds for every request and response: bodies have a bound, and browsers are told what to refuse."""

import math
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 256 * 1024
"""A review of 20,000 characters, each escaped as a surrogate pair in JSON, takes 240,000."""

_CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# FastAPI's page of interactive documentation loads Swagger UI from its public host.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src https://cdn.jsdelivr.net "
    "'unsafe-inline'; img-src 'self' data: https://fastapi.tiangolo.com; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


UPLOADS_PATH: Final = "/v1/operator/files/"
"""What is sent to below it is handed on as it comes, and the recommender has its bound."""
PICTURE_PATH: Final = "/v1/images"
MAX_PICTURE_BODY_BYTES: Final = 8 * 2**20 + 2**16
"""A picture as large as the emotion service takes, and the form around it."""


class BodyLimit:
    """Refuses bodies over their bound with 413, whether their length was announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the app reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        size = int(announced) if announced.isdecimal() else 0
        most = _most_bytes(scope["path"])

        async def limited() -> Message:
            nonlocal size
            if size > most:
                raise _too_large(most)
            message = await receive()
            if not announced:
                size += len(message.get("body", b""))
                if size > most:
                    raise _too_large(most)
            return message

        await self._app(scope, limited, send)


def _most_bytes(path: str) -> float:
    if path.startswith(UPLOADS_PATH):
        return math.inf
    return MAX_PICTURE_BODY_BYTES if path == PICTURE_PATH else MAX_BODY_BYTES


def _too_large(most: float) -> HTTPException:
    return HTTPException(413, f"the body is larger than {most} bytes")


class EntityTags:
    """Gives every JSON answer to a GET a tag (RFC 9110, section 8.8.3), and answers 304 to whoever has it already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold back an answer until its tag is known."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        held: list[Message] = []

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_json(message):
                held.append(message)
            elif not held:
                await send(message)
            elif message.get("more_body"):
                held.append(message)
            else:
                for part in _with_tag(held[0], [*held[1:], message], known):
                    await send(part)

        await self._app(scope, receive, tagged)


def _is_json(start: Message) -> bool:
    return start["status"] == HTTPStatus.OK and Headers(raw=start["headers"]).get("content-type") == "application/json"


def _with_tag(start: Message, parts: Sequence[Message], known: str) -> list[Message]:
    body = b"".join(part.get("body", b"") for part in parts)
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = MutableHeaders(scope=start)
    headers["ETag"] = tag
    headers["Cache-Control"] = "private, no-cache"
    if tag not in known:
        return [start, {"type": "http.response.body", "body": body}]
    for name in ("content-length", "content-type"):
        del headers[name]
    start["status"] = HTTPStatus.NOT_MODIFIED.value
    return [start, {"type": "http.response.body", "body": b""}]


_ONLY_HTTPS: Final = "max-age=31536000"


class SecurityHeaders:
    """Tells browsers to run nothing but our own scripts, and to guess nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _DOCS_POLICY if scope["path"] == "/docs" else _CONTENT_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _ONLY_HTTPS
            await send(message)

        await self._app(scope, receive, with_headers)
