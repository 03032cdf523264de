"""Traces (OpenTelemetry, W3C Trace Context): how one frame, event or request went, across services.

Off unless an endpoint is set, and then nearly free. How many are kept is up to the standard OTEL_TRACES_SAMPLER and
OTEL_TRACES_SAMPLER_ARG. A trace holds times and outcomes: never a picture, and nobody's name. What is logged within one
carries its id, as `trace_id`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER: Final = "traceparent"
EXPORT_TIMEOUT_S: Final = 2.0

Attribute = str | int | float | bool

_propagator: Final = TraceContextTextMapPropagator()
_providers: Final[list[TracerProvider]] = []
"""The one in use, if there is one."""


@asynccontextmanager
async def tracing(service: str, endpoint: str | None) -> AsyncGenerator[None]:
    """Send what is traced meanwhile to the OTLP collector at `endpoint`, e.g. http://collector:4317.

    Without one nothing is traced. A collector that is away costs the traces, and nothing else.
    """
    if not endpoint:
        yield
        return
    stop = start_tracing(service, endpoint)
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


def start_tracing(service: str, endpoint: str) -> Callable[[], None]:
    """The same where there is no event loop; a process that was forked starts its own. Returns what ends it."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _providers.append(provider)

    def stop() -> None:
        _providers.remove(provider)
        provider.shutdown()

    return stop


@contextmanager
def span(name: str, parent: str | None = None, link: str | None = None, **attributes: Attribute) -> Generator[None]:
    """A part of the work, within the one around it.

    Args:
        parent: the traceparent of work elsewhere that this one belongs to.
        link: the traceparent of work elsewhere that it only has to do with.
        attributes: what to tell of it.
    """
    if not _providers:
        yield
        return
    links = [trace.Link(trace.get_current_span(_context(link)).get_span_context())] if link else None
    tracer = _providers[-1].get_tracer("emoverse")
    context = _context(parent) if parent else None
    with tracer.start_as_current_span(name, context, links=links, attributes=attributes) as current:
        trace_id = trace.format_trace_id(current.get_span_context().trace_id)
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            yield


def note(**attributes: Attribute) -> None:
    """Tell more of the work around."""
    if _providers:
        trace.get_current_span().set_attributes(attributes)


def traceparent() -> str | None:
    """The work around, for whoever goes on with it elsewhere; None where it is not traced."""
    if not _providers:
        return None
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(HEADER)


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """The work around, as metadata of a gRPC call."""
    parent = traceparent()
    return ((HEADER, parent),) if parent else ()


def parent_in(metadata: Iterable[tuple[str, str | bytes]] | None) -> str | None:
    """The traceparent in the metadata of a gRPC call, if there is one."""
    return next((value for key, value in metadata or () if key == HEADER and isinstance(value, str)), None)


def _context(parent: str | None) -> Context:
    return _propagator.extract({HEADER: parent or ""})
