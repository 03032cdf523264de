"""Errors cross a real gRPC connection and come out as what they were."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import Metadata

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1 import recommender_pb2_grpc as pb_grpc
from servicekit.errors import (
    ConfigurationError,
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
from servicekit.grpc_server import create_server, serving
from servicekit.grpc_status import DOMAIN, error_from, errors_as_statuses


class Failing(pb_grpc.RecommenderServiceServicer):
    """Every call fails with the error it was given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def _fail(self, context: grpc.aio.ServicerContext[object, object]) -> None:
        async with errors_as_statuses(context):
            raise self._error

    async def GetClusters(
        self, request: pb.GetClustersRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> pb.GetClustersResponse:
        await self._fail(context)
        return pb.GetClustersResponse()


@asynccontextmanager
async def server(error: Exception) -> AsyncGenerator[int]:
    grpc_server, _ = await create_server("emoverse.v1.RecommenderService")
    pb_grpc.add_RecommenderServiceServicer_to_server(Failing(error), grpc_server)  # pyright: ignore[reportAbstractUsage]  (only one method is called)
    async with serving(grpc_server, "127.0.0.1:0", "RECOMMENDER_PORT") as port:
        yield port


async def call(port: int) -> grpc.aio.AioRpcError:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.RecommenderServiceStub(channel).GetClusters(pb.GetClustersRequest(), timeout=5)
    return caught.value


@pytest.mark.parametrize(
    ("cls", "status"),
    [
        (InvalidInputError, grpc.StatusCode.INVALID_ARGUMENT),
        (NotFoundError, grpc.StatusCode.NOT_FOUND),
        (TooLargeError, grpc.StatusCode.OUT_OF_RANGE),
        (UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED),
        (ForbiddenError, grpc.StatusCode.PERMISSION_DENIED),
        (ConflictError, grpc.StatusCode.FAILED_PRECONDITION),
        (OverloadedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (UnavailableError, grpc.StatusCode.UNAVAILABLE),
        (EmoVerseError, grpc.StatusCode.INTERNAL),
    ],
)
async def test_an_error_keeps_its_class_code_message_and_advice(cls: type[EmoVerseError], status: grpc.StatusCode):
    async with server(cls("No clüsters.", "Wait – a little.", code="no_clusters")) as port:
        failed = await call(port)
    error = error_from(failed, "the recommender")
    assert failed.code() is status
    assert type(error) is cls
    assert (error.code, error.message, error.advice) == ("no_clusters", "No clüsters.", "Wait – a little.")


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 1.25])
async def test_an_overloaded_server_says_when_to_come_back(retry_after_s: float | None):
    async with server(OverloadedError("Full.", "Wait.", retry_after_s=retry_after_s)) as port:
        error = error_from(await call(port), "the recommender")
    assert isinstance(error, OverloadedError)
    assert (error.message, error.retry_after_s) == ("Full.", retry_after_s)


async def test_a_bug_is_answered_without_its_details(caplog: pytest.LogCaptureFixture):
    async with server(ZeroDivisionError("secret")) as port:
        failed = await call(port)
    assert failed.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(error_from(failed, "the recommender"))


async def test_an_operators_mistake_is_internal_to_a_caller():
    async with server(ConfigurationError("No disk.", "Add one.")) as port:
        assert (await call(port)).code() is grpc.StatusCode.INTERNAL


async def test_a_peer_that_is_not_there_is_named():
    async with server(NotFoundError("", "")) as port:
        pass
    error = error_from(await call(port), "the recommender")
    assert type(error) is UnavailableError
    assert "The recommender" in error.message
    assert "the recommender" in error.advice


def test_what_the_server_said_counts_though_a_proxy_cut_the_stream_after_it():
    info = error_details_pb2.ErrorInfo(reason="too_many_streams", domain=DOMAIN, metadata={"advice": "Come again."})
    said = status_pb2.Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message="No room.")
    said.details.add().Pack(info)
    trailers = Metadata(("grpc-status-details-bin", said.SerializeToString()))
    cut = grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, Metadata(), trailers, "Stream removed (RST_STREAM)")
    error = error_from(cut, "the server")
    assert isinstance(error, OverloadedError)
    assert (error.message, error.advice, error.code) == ("No room.", "Come again.", "too_many_streams")


def test_details_that_nobody_can_read_are_left_out():
    trailers = Metadata(("grpc-status-details-bin", b"\xff\xff\xff"))
    unclear = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), trailers, "gone")
    assert isinstance(error_from(unclear, "the server"), UnavailableError)
