"""A call on which frames are being sent when a real server ends it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.emotion_client.call import Call
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError
from servicekit.errors import EmoVerseError, UnauthenticatedError, UnavailableError
from servicekit.grpc_server import create_server, serving
from servicekit.grpc_status import errors_as_statuses

STREAMS = 20
FRAME = emotion_pb2.StreamFramesRequest(frame=emotion_pb2.Frame(image=bytes(50_000)))


class Ending(emotion_pb2_grpc.EmotionServiceServicer):
    """Ends every stream after its first message, and says why, if there is an error."""

    error: EmoVerseError | None = None

    async def StreamFrames(self, request_iterator: Any, context: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        async with errors_as_statuses(context):
            await anext(request_iterator)
            if self.error:
                raise self.error


@pytest.fixture
def service() -> Ending:
    return Ending()  # pyright: ignore[reportAbstractUsage]  (only one method is called)


@pytest.fixture
async def endpoint(service: Ending) -> AsyncGenerator[Endpoint]:
    server, _ = await create_server("emoverse.v1.EmotionService")
    emotion_pb2_grpc.add_EmotionServiceServicer_to_server(service, server)
    async with serving(server, "127.0.0.1:0", "EMOTION_PORT") as port:
        yield Endpoint(f"127.0.0.1:{port}")


async def send_on(endpoint: Endpoint) -> EmoVerseError:
    """Send until that fails."""
    call = Call(endpoint)
    try:
        while True:
            await call.send(FRAME)
    except (ServerRefusedError, UnavailableError) as error:
        return error
    finally:
        await call.close()


async def test_who_is_refused_while_sending_learns_why(service: Ending, endpoint: Endpoint):
    service.error = UnauthenticatedError("No token.", "Bring one.", code="token_missing")
    for error in await asyncio.gather(*(send_on(endpoint) for _ in range(STREAMS))):
        assert type(error) is ServerRefusedError
        assert (error.code, error.message, error.advice) == ("token_missing", "No token.", "Bring one.")


async def test_a_stream_that_is_ended_without_an_error_while_frames_are_sent_is_lost(endpoint: Endpoint):
    for error in await asyncio.gather(*(send_on(endpoint) for _ in range(STREAMS))):
        assert type(error) is UnavailableError
        assert "ended the stream" in error.message
