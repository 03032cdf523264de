"""Work is traced across services, and not at all without a collector."""

import asyncio

import structlog

from servicekit.tracing import note, parent_in, span, trace_metadata, traceparent, tracing
from standalone.ports import free_ports
from tests.servicekit.collector import collecting


async def test_without_an_endpoint_nothing_is_traced():
    async with tracing("one", None):
        with span("work", parent="00-11111111111111111111111111111111-2222222222222222-01"):
            note(size=3)
            assert traceparent() is None
            assert trace_metadata() == ()


async def test_work_goes_on_elsewhere_in_the_same_trace():
    async with collecting() as (collector, endpoint), tracing("one", endpoint):
        with span("first", size=3), span("inner"):
            note(colour="red")
            metadata = trace_metadata()
        with span("second", parent=parent_in(metadata)):
            pass
        with span("third", link=parent_in(metadata)):
            pass
    (first,), (inner,), (second,), (third,) = (collector.named(name) for name in ("first", "inner", "second", "third"))
    assert collector.services == {"one"}
    assert first.trace_id == inner.trace_id == second.trace_id != third.trace_id
    assert (inner.parent_span_id, second.parent_span_id) == (first.span_id, inner.span_id)
    assert third.links[0].span_id == inner.span_id
    assert [each.key for each in inner.attributes] == ["colour"]


async def test_a_collector_that_is_away_and_a_strange_traceparent_cost_nothing_but_the_trace():
    endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with asyncio.timeout(20), tracing("one", endpoint):
        with span("work", parent="no such thing", link=""):
            assert traceparent()


async def test_what_is_logged_within_carries_the_id_of_the_trace():
    async with collecting() as (collector, endpoint), tracing("one", endpoint):
        with span("work"):
            told = structlog.contextvars.get_contextvars()["trace_id"]
        assert "trace_id" not in structlog.contextvars.get_contextvars()
    assert told == collector.named("work")[0].trace_id.hex()
