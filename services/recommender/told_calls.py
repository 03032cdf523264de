"""Times, counts and traces every call of the recommender's own service."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc

from servicekit.tracing import note, parent_in, span
from services.recommender.metrics import RecommenderMetrics

Handler = Any
"""grpc's class of it has parameters in its type stubs only."""

_NAME_OF: Final = {status.value[0]: status.name for status in grpc.StatusCode}


class ToldCalls(grpc.aio.ServerInterceptor):
    """Leaves health checks and reflection out.

    Args:
        service: the full name of the service.
    """

    def __init__(self, service: str, metrics: RecommenderMetrics) -> None:
        self._prefix = f"/{service}/"
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the method that answers."""
        handler = await continuation(handler_call_details)
        name = handler_call_details.method or ""
        if not name.startswith(self._prefix):
            return handler
        parent = parent_in(handler_call_details.invocation_metadata)
        method, coding = name.removeprefix(self._prefix), (handler.request_deserializer, handler.response_serializer)
        if handler.stream_stream:
            told = self._told(method, parent, handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(told, *coding)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(self._told(method, parent, handler.unary_stream), *coding)
        return grpc.unary_unary_rpc_method_handler(self._told(method, parent, handler.unary_unary), *coding)

    def _told(self, method: str, parent: str | None, answer: Any) -> Any:
        async def told(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            began_s, code = time.perf_counter(), ""
            try:
                with span(method, parent=parent):
                    try:
                        return await answer(request, context)
                    except asyncio.CancelledError:
                        code = grpc.StatusCode.CANCELLED.name
                        raise
                    finally:
                        code = code or _name_of(context.code())
                        note(code=code)
            finally:
                self._metrics.call_s.labels(method).observe(time.perf_counter() - began_s)
                self._metrics.calls.labels(method, code).inc()

        return told


def _name_of(code: Any) -> str:
    return code.name if isinstance(code, grpc.StatusCode) else _NAME_OF.get(code or 0, "UNKNOWN")
