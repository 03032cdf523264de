"""A server that speaks the part of Spotify's interface that the gateway uses, over real HTTP."""

import asyncio
import base64
import re
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

CLIENT_ID = "our-app"
SO_WHAT = {"uri": "spotify:track:sowhat", "name": "So What", "artists": [{"name": "Miles Davis"}]}
COVER = {"uri": "spotify:track:cover", "name": "So What", "artists": [{"name": "Somebody Else"}]}


@dataclass
class FakeSpotify:
    """People agree to everything; what else happens is up to the test."""

    product: str = "premium"
    has_device: bool = True
    rate_limited_s: int | None = None
    broken: bool = False
    meanwhile: Callable[[], Awaitable[object]] | None = None
    """What happens elsewhere while tokens are renewed."""
    token_trouble: int | None = None
    """The status with which every token is refused, through no fault of the person's."""
    knows_everything: bool = False
    """Every song that is searched for is found."""
    life_s: int = 3600
    """Of access tokens, as told; one is good until `expire` is called."""
    played: list[str] = field(default_factory=list[str])
    searches: list[str] = field(default_factory=list[str])
    refreshes: int = 0
    _challenges: dict[str, str] = field(default_factory=dict[str, str])
    access: str = ""
    refresh: str = ""

    def agree(self, authorize_url: str) -> dict[str, str]:
        """What a person who agrees there comes back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self._challenges[code] = query["code_challenge"]
        return {"code": code, "state": query["state"]}

    def expire(self) -> None:
        """The access token is no longer good."""
        self.access = ""

    def take_back(self) -> None:
        """The person removes the app on their account's page."""
        self.access = self.refresh = ""

    def token(self, form: dict[str, str]) -> Response:
        """POST /api/token."""
        if self.token_trouble:
            return Response("<html>upstream connect error</html>", self.token_trouble, {"Retry-After": "7"})
        if form["grant_type"] == "authorization_code":
            digest = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
            good = self._challenges.pop(form["code"], None) == digest
        else:
            good = bool(self.refresh) and form["refresh_token"] == self.refresh
            self.refreshes += good
        if not good or form["client_id"] != CLIENT_ID:
            return JSONResponse({"error": "invalid_grant", "error_description": "no"}, 400)
        self.access, self.refresh = secrets.token_hex(8), secrets.token_hex(8)
        tokens = {"access_token": self.access, "refresh_token": self.refresh, "expires_in": self.life_s}
        return JSONResponse(tokens | {"token_type": "Bearer", "scope": ""})

    def refusal(self, request: Request) -> Response | None:
        """Why a call of the interface is refused."""
        if self.broken:
            return Response("oops", 502)
        if self.rate_limited_s is not None:
            return _error(429, "API rate limit exceeded", headers={"Retry-After": str(self.rate_limited_s)})
        if not self.access or request.headers.get("authorization") != f"Bearer {self.access}":
            return _error(401, "The access token expired")
        if "/player" not in request.url.path:
            return None
        if self.product != "premium":
            return _error(403, "Player command failed: Premium required", "PREMIUM_REQUIRED")
        return None if self.has_device else _error(404, "No active device found", "NO_ACTIVE_DEVICE")


def _error(status: int, message: str, reason: str | None = None, headers: dict[str, str] | None = None) -> Response:
    error = {"status": status, "message": message} | ({"reason": reason} if reason else {})
    return JSONResponse({"error": error}, status, headers=headers)


def app_of(spotify: FakeSpotify) -> FastAPI:
    """Its HTTP interface."""
    app = FastAPI()

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        back = spotify.agree(str(request.url))
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(back)}")

    @app.post("/api/token")
    async def token(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if spotify.meanwhile and form["grant_type"] == "refresh_token":
            await spotify.meanwhile()
        return spotify.token(form)

    @app.api_route("/v1/{path:path}", methods=["GET", "PUT", "POST"])
    async def api(path: str, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return spotify.refusal(request) or await _answer(spotify, path, request)

    return app


async def _answer(spotify: FakeSpotify, path: str, request: Request) -> Response:
    match path:
        case "me/":
            return JSONResponse({"id": "ada", "display_name": "Ada", "product": spotify.product})
        case "search":
            query = request.query_params["q"]
            spotify.searches.append(query)
            items: list[Any] = [COVER, SO_WHAT] if "So What" in query else []
            if spotify.knows_everything and (asked := re.fullmatch('track:"(.*)" artist:"(.*)"', query)):
                items = [{"uri": _uri_of(asked[1]), "name": asked[1], "artists": [{"name": asked[2]}]}]
            return JSONResponse({"tracks": {"items": items}})
        case "me/player/play":
            spotify.played += (await request.json())["uris"]
        case "me/player/queue":
            spotify.played.append(f"later {request.query_params['uri']}")
        case _:
            spotify.played.append(path.rpartition("/")[2])
    return Response(status_code=204)


def _uri_of(title: str) -> str:
    # An id there is 22 letters and digits; a client refuses anything else before it asks.
    return f"spotify:track:{sha256(title.encode()).hexdigest()[:22]}"


@asynccontextmanager
async def serving_spotify(spotify: FakeSpotify) -> AsyncGenerator[str]:
    """Serve it; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app_of(spotify), log_config=None, lifespan="off"))
        server.capture_signals = nullcontext  # type: ignore[method-assign]
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
