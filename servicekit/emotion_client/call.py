"""One call of StreamFrames on a connection of its own, its failures told as ours."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import grpc

from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError
from servicekit.errors import OverloadedError, UnavailableError
from servicekit.grpc_status import Ending, error_from

GREETING_TIMEOUT_S: Final = 5.0

_REFUSALS: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)

ResultT = TypeVar("ResultT")
Response = emotion_pb2.StreamFramesResponse


class Call:
    """Every method raises these:

    Raises:
        ServerRefusedError: trying again changes nothing.
        OverloadedError: the server has no capacity left.
        UnavailableError: anything else, silence included.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._peer = f"the emotion service at {endpoint.address}"
        self._channel = endpoint.open_channel()
        stub: emotion_pb2_grpc.EmotionServiceAsyncStub = emotion_pb2_grpc.EmotionServiceStub(self._channel)
        self._call = stub.StreamFrames(metadata=endpoint.metadata)
        self._ending = Ending(self._call)

    async def greet(self, hello: emotion_pb2.Hello) -> emotion_pb2.Welcome:
        """Say who is there; what the server grants."""
        await self._outcome(self._call.write(emotion_pb2.StreamFramesRequest(hello=hello)), GREETING_TIMEOUT_S)
        response = await self._outcome(self._call.read(), GREETING_TIMEOUT_S)
        if not isinstance(response, Response) or not response.HasField("welcome"):
            raise self.lost("ended the greeting without a welcome")
        return response.welcome

    async def send(self, request: emotion_pb2.StreamFramesRequest) -> None:
        """Send a frame; waits while the line is full."""
        await self._outcome(self._call.write(request))

    async def receive(self) -> Response | None:
        """What the server says next; None: it has said all."""
        response = await self._outcome(self._call.read())
        return response if isinstance(response, Response) else None

    async def half_close(self) -> None:
        """Nothing more will be sent."""
        await self._outcome(self._call.done_writing())

    def cancel(self) -> None:
        """End it now; whoever receives is told that it is unavailable."""
        self._call.cancel()

    async def close(self) -> None:
        """Give the connection back."""
        self._call.cancel()
        await self._channel.close()

    async def _outcome(self, work: Coroutine[Any, Any, ResultT], timeout_s: float | None = None) -> ResultT:
        # A task of its own: a call cancelled by the other side must not look like the cancellation of this one.
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=timeout_s)
            if not task.done():
                raise self.lost(f"did not answer within {timeout_s:g} s")
            if task.cancelled():
                raise self.lost("stopped answering")
            return task.result()
        except (asyncio.InvalidStateError, grpc.aio.AioRpcError) as error:
            status = self._ending.error_behind(error)
            raise (self._failure(status) if status else self.lost("ended the stream")) from error
        finally:
            task.cancel()

    def _failure(self, error: grpc.aio.AioRpcError) -> ServerRefusedError | OverloadedError | UnavailableError:
        cause = error_from(error, self._peer)
        if isinstance(cause, OverloadedError | UnavailableError):
            return cause
        kind = ServerRefusedError if error.code() in _REFUSALS else UnavailableError
        return kind(cause.message, cause.advice, cause.code)

    def lost(self, what: str) -> UnavailableError:
        """The server did `what`, which nobody expected of it."""
        return UnavailableError(f"{self._peer[:1].upper()}{self._peer[1:]} {what}.", "Check that it runs.")
