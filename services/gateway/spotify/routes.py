"""Spotify over HTTP: connecting, and playing on the person's own device."""

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, StringConstraints
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import queued_key, spotify_key
from servicekit.errors import EmoVerseError, NotFoundError
from servicekit.pubsub import unavailable
from services.gateway.access import ACCESS_PROBLEMS, OwnedId, SignedIn, is_account
from services.gateway.accounts.stops import audit
from services.gateway.models import IdempotencyHeader
from services.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS, problem_responses
from services.gateway.request_body import RequestBody
from services.gateway.spotify.opening import SpotifyThreads
from services.gateway.spotify.vault import Song

STATE_LIFE_S: Final = 600
"""How long somebody may take to agree."""
QUEUED_LIFE_S: Final = 600
"""How long a repeat is known to be one."""

router = APIRouter(prefix="/v1", tags=["spotify"], responses=READ_PROBLEMS)

_WRITE: Final[dict[str, Any]] = {
    "status_code": HTTPStatus.NO_CONTENT,
    "responses": WRITE_PROBLEMS | ACCESS_PROBLEMS,
}

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,300}$")]


class AuthorizeUrl(BaseModel):
    """Where to send the browser."""

    authorize_url: str


class SpotifyState(BaseModel):
    """Whether Spotify is connected."""

    connected: bool
    name: str | None = None
    premium: Annotated[bool, Field(description="Without Premium, Spotify plays nothing from elsewhere")] = False


class SongRequest(RequestBody):
    """A song, by its track's id at Spotify or by what it is called."""

    title: Annotated[Text, Field(examples=["So What"])]
    creators: Annotated[tuple[Text, ...], Field(max_length=20, examples=[["Miles Davis"]])] = ()
    spotify_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,40}$")] | None = None


def _spotify(request: Request) -> SpotifyThreads:
    return request.app.state.spotify


SpotifyDep = Annotated[SpotifyThreads, Depends(_spotify)]


@router.post(
    "/users/{user_id}/spotify",
    operation_id="connectSpotify",
    summary="Begin to connect Spotify",
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
)
async def connect_spotify(user_id: OwnedId, request: Request, spotify: SpotifyDep) -> AuthorizeUrl:
    """The person agrees at Spotify, and comes back to this gateway's page with `?spotify=connected`."""
    if not is_account(user_id):
        raise NotFoundError("Only an account can be connected.", "Begin as a guest with POST /v1/guests.")
    state = secrets.token_urlsafe(32)
    url, verifier = spotify.player.authorize_url(state)
    kept = json.dumps({"state": state, "verifier": verifier})
    try:
        await request.app.state.redis.set(spotify_key(user_id), kept, ex=STATE_LIFE_S)
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    return AuthorizeUrl(authorize_url=url)


@router.get(
    "/spotify/callback",
    operation_id="comeBackFromSpotify",
    summary="Where Spotify sends people back to",
    status_code=HTTPStatus.SEE_OTHER,
    response_class=RedirectResponse,
    responses=ACCESS_PROBLEMS,
)
async def come_back(
    request: Request,
    who: SignedIn,
    spotify: SpotifyDep,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str, Query(max_length=2000)] = "",
) -> RedirectResponse:
    """Goes on to the page, with `?spotify=connected` or the code of what went wrong."""
    outcome = "connected"
    try:
        verifier = await _verifier(request.app.state.redis, who.account.id, state)
        if not code or verifier is None:
            outcome = "spotify_not_connected"
        else:
            await spotify.offload(spotify.player.connect, who.account.id, code, verifier)
            audit("connected_spotify", who.account.id)
    except (RedisError, OSError) as error:
        outcome = unavailable(error).code
    except EmoVerseError as error:
        outcome = error.code
    return RedirectResponse(f"/?spotify={outcome}", HTTPStatus.SEE_OTHER)


async def _verifier(redis: Redis, user_id: str, state: str) -> str | None:
    """Of the way back that this person was given; it can be taken once. Somebody else's would connect this person to
    somebody else's Spotify."""
    kept = json.loads(await redis.get(spotify_key(user_id)) or "{}")
    if not secrets.compare_digest(kept.get("state", "").encode(), state.encode()):
        return None
    return kept["verifier"] if await redis.delete(spotify_key(user_id)) else None


@router.get(
    "/users/{user_id}/spotify",
    operation_id="getSpotify",
    summary="Is Spotify connected?",
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def get_spotify(user_id: OwnedId, spotify: SpotifyDep) -> SpotifyState:
    """As of when it was connected; Spotify is not asked."""
    profile = await spotify.offload(spotify.player.profile, user_id)
    return SpotifyState(connected=True, **profile._asdict()) if profile else SpotifyState(connected=False)


@router.delete("/users/{user_id}/spotify", operation_id="disconnectSpotify", summary="Disconnect Spotify", **_WRITE)
async def disconnect_spotify(user_id: OwnedId, spotify: SpotifyDep) -> None:
    """The tokens are deleted here; the app can also be removed at spotify.com/account/apps."""
    await spotify.offload(spotify.player.disconnect, user_id)
    audit("disconnected_spotify", user_id)


@router.post("/users/{user_id}/spotify/play", operation_id="playOnSpotify", summary="Play a song now", **_WRITE)
async def play(user_id: OwnedId, song: SongRequest, spotify: SpotifyDep) -> None:
    """On the device where the person has Spotify open."""
    await spotify.offload(spotify.player.play, user_id, Song(song.title, song.creators), song.spotify_id)


@router.post("/users/{user_id}/spotify/queue", operation_id="queueOnSpotify", summary="Play a song later", **_WRITE)
async def queue(
    user_id: OwnedId, song: SongRequest, spotify: SpotifyDep, request: Request,
    idempotency_key: IdempotencyHeader = None,
) -> None:  # fmt: skip
    """After those that wait already. For ten minutes, a repeat with its key queues nothing; after an error it tries
    again."""
    async with _once(request.app.state.redis, user_id, idempotency_key) as is_first:
        if is_first:
            wanted = Song(song.title, song.creators)
            await spotify.offload(spotify.player.queue, user_id, wanted, song.spotify_id)


@asynccontextmanager
async def _once(redis: Redis, user_id: str, idempotency_key: str | None) -> AsyncGenerator[bool]:
    """Whether this is the first time; what ends in an error has not been."""
    if idempotency_key is None:
        yield True
        return
    # It names nobody: who is deleted leaves nothing behind that is theirs.
    key = queued_key(sha256(f"{user_id} {idempotency_key}".encode()).hexdigest())
    try:
        is_first = bool(await redis.set(key, "", nx=True, ex=QUEUED_LIFE_S))
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    try:
        yield is_first
    except EmoVerseError:
        with suppress(RedisError, OSError):
            await redis.delete(key)
        raise


@router.post("/users/{user_id}/spotify/pause", operation_id="pauseSpotify", summary="Pause", **_WRITE)
async def pause(user_id: OwnedId, spotify: SpotifyDep) -> None:
    """Whatever plays."""
    await spotify.offload(spotify.player.pause, user_id)


@router.post("/users/{user_id}/spotify/next", operation_id="skipOnSpotify", summary="Skip", **_WRITE)
async def skip(user_id: OwnedId, spotify: SpotifyDep) -> None:
    """To the next song."""
    await spotify.offload(spotify.player.skip, user_id)
