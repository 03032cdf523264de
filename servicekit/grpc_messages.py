"""Bytes that are no message get an answer that says so; gRPC would call them a bug of the server, and log it."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from servicekit.errors import InvalidInputError
from servicekit.grpc_status import errors_as_statuses

Parse = Callable[[bytes], Any]
UNREADABLE: Final = "message_unreadable"


class ReadableMessages(grpc.aio.ServerInterceptor):
    """Has every request parsed where its errors are translated: INVALID_ARGUMENT for what cannot be."""

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of the method, with requests parsed by us."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        respond: Any = {"response_serializer": handler.response_serializer}
        parse = handler.request_deserializer
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(_unary(handler.unary_unary, parse), **respond)
        if inspect.iscoroutinefunction(handler.unary_stream):
            return grpc.unary_stream_rpc_method_handler(_unary(handler.unary_stream, parse), **respond)
        if inspect.iscoroutinefunction(handler.stream_stream):
            return grpc.stream_stream_rpc_method_handler(_stream(handler.stream_stream, parse), **respond)
        return handler


def _unary(behaviour: Any, parse: Parse) -> Any:
    async def call(request: bytes, context: Any) -> Any:
        async with errors_as_statuses(context):
            message = _parsed(parse, request)
        return await behaviour(message, context)

    return call


def _stream(behaviour: Any, parse: Parse) -> Any:
    async def call(requests: AsyncIterator[bytes], context: Any) -> None:
        await behaviour(_each_parsed(parse, requests), context)

    return call


async def _each_parsed(parse: Parse, requests: AsyncIterator[bytes]) -> AsyncGenerator[Any]:
    async for request in requests:
        yield _parsed(parse, request)


def _parsed(parse: Parse, request: bytes) -> Any:
    try:
        return parse(request)
    except DecodeError as error:
        raise InvalidInputError(
            "The bytes are no message of this method.", "Send what its .proto file describes.", code=UNREADABLE
        ) from error
