"""The web app: its page under every address it has, and its files, whose names change with their content."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from servicekit.errors import UnavailableError

DIST: Final = Path(__file__).parent / "web" / "dist"
"""Where `make web` puts the web app."""

PAGES: Final = ("/", "/for-you", "/me", "/operator")


def install(app: FastAPI, dist: Path) -> None:
    """Serve the web app that is, or will be, in `dist`."""

    def page() -> HTMLResponse:
        if not (dist / "index.html").is_file():
            raise UnavailableError(
                "The web app has not been built.",
                "Run `make web`, which says what it lacks, and reload; the interface for programs is at /docs.",
                code="web_app_missing",
            )
        return HTMLResponse((dist / "index.html").read_bytes(), headers={"Cache-Control": "no-cache"})

    for path in PAGES:
        app.get(path, include_in_schema=False)(page)
    app.mount("/assets", GZipMiddleware(_Assets(directory=dist / "assets", check_dir=False)))


class _Assets(StaticFiles):
    async def check_config(self) -> None:
        """Nothing: a folder that does not exist yet holds no file."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Parts of a file are never needed, and a malformed wish for one would be answered in plain text.
        whole = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": whole}, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
