"""Pictures over HTTP, and frames over a WebSocket."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, WebSocket
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, HTTPConnection

from servicekit.errors import InvalidInputError
from services.gateway.access import ACCESS_PROBLEMS, Agreed
from services.gateway.accounts.errors import ConsentMissingError
from services.gateway.faces.bridge import Bridge, Bridges
from services.gateway.faces.emotion import MAX_PICTURE_BYTES, EmotionClient
from services.gateway.faces.messages import PictureReading
from services.gateway.problems import WRITE_PROBLEMS

TOKEN_LIFE: Final = timedelta(minutes=15)
"""A token is shown once, when a call begins, to a machine whose clock may be ahead of ours."""

COMING_S: Final = 20.0
"""How long a picture may take to come."""

router = APIRouter(prefix="/v1", tags=["faces"])

_PICTURE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {"image": {"type": "string", "format": "binary", "description": "JPEG or PNG"}},
                }
            }
        },
    }
}


def _emotion(connection: HTTPConnection) -> EmotionClient:
    return connection.app.state.emotion


EmotionDep = Annotated[EmotionClient, Depends(_emotion)]


@router.post(
    "/images",
    operation_id="readPicture",
    summary="Every face in a picture",
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
    openapi_extra=_PICTURE_BODY,
)
async def read_picture(request: Request, who: Agreed, emotion: EmotionDep) -> PictureReading:
    """The largest face first. Nothing is kept, and no mood changes."""
    with emotion.place(who.account.id):
        picture = await _picture(request)
        token = request.app.state.accounts.stream_token(who.account.id, TOKEN_LIFE)
        return await emotion.read(picture, token)


class _InMemoryParser(MultiPartParser):
    # By default what is larger than a mebibyte goes to a file, and no picture may.
    spool_max_size = MAX_PICTURE_BYTES + 2**16


async def _picture(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _wrong_form("the body is not multipart/form-data")
    try:
        async with asyncio.timeout(COMING_S):
            form = await _InMemoryParser(request.headers, request.stream(), max_files=1, max_fields=0).parse()
    except (MultiPartException, KeyError) as error:
        raise _wrong_form(str(error)) from error
    except (TimeoutError, ClientDisconnect) as error:
        raise _wrong_form(f"it broke off, or took longer than {COMING_S:g} s") from error
    try:
        image = form.get("image")
        if not isinstance(image, UploadFile):
            raise _wrong_form("there is no file in the field image")
        return await image.read()
    finally:
        await form.close()


def _wrong_form(what: str) -> InvalidInputError:
    return InvalidInputError(
        f"No picture came: {what}.", "Send multipart/form-data with one JPEG or PNG file in the field `image`."
    )


@router.websocket("/capture")
async def capture(socket: WebSocket, who: Agreed, emotion: EmotionDep) -> None:
    """Binary messages in, one frame each; `Welcome`, `ReadingMessage` and `ConnectionMessage` out, as JSON."""
    state = socket.app.state
    bridges: Bridges = state.bridges
    await socket.accept()
    token = partial(state.accounts.stream_token, who.account.id, TOKEN_LIFE)
    bridge = Bridge(socket, emotion.endpoint(token), who.account.id)
    with bridges.opened(bridge):
        # Asked again now that a withdrawal would be heard.
        if not (await state.offload(state.accounts.account, who.account.id)).agrees:
            raise ConsentMissingError
        await bridge.run()
