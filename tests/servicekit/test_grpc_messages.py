"""Bytes that are no message, sent to a real server."""

from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest

from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc, recommender_pb2, recommender_pb2_grpc
from servicekit.grpc_server import create_server, serving
from servicekit.grpc_status import error_from, errors_as_statuses

NAME = "emoverse.v1.EmotionService"
NO_MESSAGE = b"\x00"


class Echo(emotion_pb2_grpc.EmotionServiceServicer):
    async def AnalyzeImage(self, request: emotion_pb2.AnalyzeImageRequest, context: Any) -> Any:
        return emotion_pb2.AnalyzeImageResponse(image_width=len(request.image))

    async def StreamFrames(self, request_iterator: Any, context: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        async with errors_as_statuses(context):
            async for request in request_iterator:
                reading = emotion_pb2.Reading(sequence=request.frame.sequence)
                await context.write(emotion_pb2.StreamFramesResponse(reading=reading))


class Exporting(recommender_pb2_grpc.RecommenderServiceServicer):
    async def ExportPerson(self, request: recommender_pb2.ExportPersonRequest, context: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        await context.write(recommender_pb2.ExportPersonResponse(json=request.user_id))


@pytest.fixture
async def channel() -> AsyncGenerator[Any]:
    server, _ = await create_server(NAME)
    emotion_pb2_grpc.add_EmotionServiceServicer_to_server(Echo(), server)
    async with (
        serving(server, "127.0.0.1:0", "EMOTION_PORT") as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


def refusal(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    return error.code(), error_from(error, "the server").code


async def test_a_call_with_bytes_that_are_no_message_is_refused_and_not_logged_as_a_bug(
    channel: Any, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{NAME}/AnalyzeImage")(NO_MESSAGE, timeout=10)
    assert refusal(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "message_unreadable")
    assert not caplog.records


async def test_a_call_that_is_answered_by_a_stream_is_refused_as_well(caplog: pytest.LogCaptureFixture):
    server, _ = await create_server("emoverse.v1.RecommenderService")
    recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(Exporting(), server)  # pyright: ignore[reportAbstractUsage]  (only one method is called)
    async with (
        serving(server, "127.0.0.1:0", "RECOMMENDER_PORT") as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        export: Any = channel.unary_stream("/emoverse.v1.RecommenderService/ExportPerson")
        asked = recommender_pb2.ExportPersonRequest(user_id="ada").SerializeToString()
        assert [recommender_pb2.ExportPersonResponse.FromString(each).json async for each in export(asked)] == ["ada"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await export(NO_MESSAGE, timeout=10).read()
    assert refusal(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "message_unreadable")
    assert not caplog.records


async def test_a_stream_is_ended_by_them_after_what_came_before(channel: Any, caplog: pytest.LogCaptureFixture):
    call = channel.stream_stream(f"/{NAME}/StreamFrames")(timeout=10)
    frame = emotion_pb2.StreamFramesRequest(frame=emotion_pb2.Frame(sequence=7))
    await call.write(frame.SerializeToString())
    assert emotion_pb2.StreamFramesResponse.FromString(await call.read()).reading.sequence == 7
    await call.write(NO_MESSAGE)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert refusal(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "message_unreadable")
    assert not caplog.records


async def test_a_message_goes_through(channel: Any):
    stub: Any = emotion_pb2_grpc.EmotionServiceStub(channel)
    answer = await stub.AnalyzeImage(emotion_pb2.AnalyzeImageRequest(image=b"abc"), timeout=10)
    assert answer.image_width == 3
