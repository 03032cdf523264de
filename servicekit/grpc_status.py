"""Our errors as gRPC statuses and back: ErrorInfo carries the code and the advice, RetryInfo when to try again."""

from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from servicekit.errors import (
    ConflictError,
    EmoVerseError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)

DOMAIN: Final = "emoverse"

# The first class that matches counts, so subclasses stand before their parents.
_STATUS_OF: Final[dict[type[EmoVerseError], grpc.StatusCode]] = {
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    TooLargeError: grpc.StatusCode.OUT_OF_RANGE,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    ForbiddenError: grpc.StatusCode.PERMISSION_DENIED,
    InvalidInputError: grpc.StatusCode.INVALID_ARGUMENT,
    ConflictError: grpc.StatusCode.FAILED_PRECONDITION,
    OverloadedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    EmoVerseError: grpc.StatusCode.INTERNAL,
}
_ERROR_OF: Final = {status: error for error, status in reversed(_STATUS_OF.items())} | {
    grpc.StatusCode.DEADLINE_EXCEEDED: UnavailableError,
}

_CODES: Final = {status.value[0]: status for status in grpc.StatusCode}
_DETAILS: Final = "grpc-status-details-bin"

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def errors_as_statuses(context: grpc.aio.ServicerContext[Any, Any]) -> AsyncGenerator[None]:
    """End the call with the status of whatever error leaves the block; the details of a bug stay in the log."""
    try:
        yield
    except EmoVerseError as error:
        await context.abort_with_status(rpc_status.to_status(_to_message(error)))
    except (grpc.aio.AbortError, grpc.RpcError):
        raise
    except Exception:  # noqa: BLE001  (the edge: a bug in one call must not end the stream of another)
        _log.exception("a call failed unexpectedly")
        bug = EmoVerseError("The service failed unexpectedly.", "Try again; if it stays, look at the service's log.")
        await context.abort_with_status(rpc_status.to_status(_to_message(bug)))


def _to_message(error: EmoVerseError) -> status_pb2.Status:
    code = next(status for cls, status in _STATUS_OF.items() if isinstance(error, cls))
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata={"advice": error.advice})
    details: list[Message] = [info]
    if isinstance(error, OverloadedError) and error.retry_after_s is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=timedelta(seconds=error.retry_after_s)))
    return status_pb2.Status(code=code.value[0], message=error.message, details=[_packed(each) for each in details])


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


def error_from(call: grpc.RpcError, peer: str) -> EmoVerseError:
    """The error behind a failed call.

    Args:
        call: what the stub raised.
        peer: the service that was called, for a person to read, e.g. "the recommender at 127.0.0.1:50052".
    """
    if not isinstance(call, grpc.aio.AioRpcError):
        return UnavailableError(f"Calling {peer} failed: {call}", "Try again.")
    status = _said(call)
    cls = _ERROR_OF.get(_CODES.get(status.code, call.code()) if status else call.code(), EmoVerseError)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in status.details if status else ():
        # Each fills the message of its own type, and leaves the other alone.
        detail.Unpack(info)
        detail.Unpack(retry)
    if status and info.domain == DOMAIN:
        error = cls(status.message, info.metadata["advice"], code=info.reason)
    else:
        error = cls(
            f"{peer[:1].upper()}{peer[1:]} answered {call.code().name}: {call.details()}",
            f"Check that {peer} runs, then try again.",
        )
    if isinstance(error, OverloadedError) and retry.HasField("retry_delay"):
        error.retry_after_s = retry.retry_delay.ToTimedelta().total_seconds()
    return error


class Ending:
    """How the other side ended a stream that this side may be writing to.

    gRPC's asyncio client takes a write that fails because the stream has ended for a failure of its own ("Internal
    error from Core"), and forgets the status that it had been given. So that is noted when it comes.
    """

    def __init__(self, call: Any) -> None:
        self._noted: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._note)

    def error_behind(self, error: Exception) -> grpc.aio.AioRpcError | None:
        """What the stream ended with, as far as it is known when an operation on it fails with `error`; None where that
        is no error."""
        if self._noted is None:
            return error if isinstance(error, grpc.aio.AioRpcError) else None
        return None if self._noted.code() is grpc.StatusCode.OK else self._noted

    def _note(self, call: Any) -> None:
        said = [_at_once(each) for each in (call.code(), call.trailing_metadata(), call.details())]
        self._noted = grpc.aio.AioRpcError(said[0], grpc.aio.Metadata(), *said[1:])


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    # One of these that has its answer never waits; a task would run too late, when gRPC has forgotten it.
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    finally:
        coroutine.close()
    raise AssertionError("asked of a call that has not ended")


def _said(call: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    # Not grpc-status's from_call: where a proxy cuts the stream right after the server's last word, the call gets a
    # status of its own, and that function then refuses to read the server's.
    for key, value in call.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            with suppress(DecodeError):
                return status_pb2.Status.FromString(value)
    return None
