"""One trace goes from the frame behind a mood to the picks that a browser is sent."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import stamina
from redis.asyncio import Redis

from contracts.events import MOODS_CHANNEL, RECOMMENDATIONS_CHANNEL, EventReason, MoodEvent
from contracts.mood import MoodState
from servicekit.pubsub import open_redis
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from services.recommender.app import open_service
from services.recommender.migration import prepare_database
from services.recommender.settings import RecommenderSettings
from tests.recommender.support import mood
from tests.servicekit.collector import collecting

TRACE, FRAME = "0123456789abcdef0123456789abcdef", "0123456789abcdef"
DEADLINE_S = 60


@asynccontextmanager
async def live(redis_url: str, endpoint: str, folder: Path) -> AsyncGenerator[AsyncGenerator[tuple[str, Any]]]:
    """A recommender and a gateway in this process, as far from each other as on two machines; yields ada's channel."""
    database_url = f"sqlite:///{folder}/emoverse.db"
    await asyncio.to_thread(prepare_database, database_url)
    shared = {"redis_url": redis_url, "database_url": database_url, "otlp_endpoint": endpoint, "port": 0}
    recommender = RecommenderSettings.model_validate(shared)
    async with open_service(recommender) as port:
        address = {"recommender_address": f"127.0.0.1:{port}", "open": True}
        gateway = GatewaySettings.model_validate({**shared, **address})
        async with (
            serving(create_app(gateway), gateway) as http_port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}", timeout=DEADLINE_S) as client,
            client.stream("GET", "/v1/users/ada/live") as response,
        ):
            yield messages(response)


async def messages(response: httpx.Response) -> AsyncGenerator[tuple[str, Any]]:
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


async def test_a_mood_is_traced_to_the_picks_on_the_live_channel(redis_url: str, tmp_path: Path):
    event = MoodEvent(
        event_id="e1",
        user_id="ada",
        session_id="s1",
        mood=mood(MoodState.HAPPY),
        reason=EventReason.CHANGE,
        at=datetime.now(UTC),
        traceparent=f"00-{TRACE}-{FRAME}-01",
    )
    async with (
        asyncio.timeout(DEADLINE_S),
        collecting() as (collector, endpoint),
        open_redis(redis_url) as redis,
        live(redis_url, endpoint, tmp_path) as channel,
    ):
        await anext(channel)
        await until_both_listen(redis)
        await redis.publish(MOODS_CHANNEL, event.model_dump_json())
        got = {name: data async for name, data in until_picks_for(channel, "happy")}
    assert set(got) == {"mood", "recommendations"}
    spans = {span.name: span for span in collector.spans if span.trace_id.hex() == TRACE}
    assert {"mood", "list", "rank", "live mood", "live recommendations"} <= set(spans)
    assert spans["mood"].parent_span_id.hex() == spans["live mood"].parent_span_id.hex() == FRAME
    assert spans["list"].parent_span_id == spans["mood"].span_id
    assert spans["rank"].parent_span_id == spans["list"].span_id
    assert spans["live recommendations"].parent_span_id == spans["list"].span_id


@stamina.retry(on=AssertionError, attempts=None, timeout=DEADLINE_S, wait_max=0.1)
async def until_both_listen(redis: Redis) -> None:
    for channel, listeners in ((MOODS_CHANNEL, 2), (RECOMMENDATIONS_CHANNEL, 1)):
        assert await redis.pubsub_numsub(channel) == [(channel, listeners)]


async def until_picks_for(channel: AsyncGenerator[tuple[str, Any]], state: str) -> AsyncGenerator[tuple[str, Any]]:
    """What a reader gets, up to the first picks for a mood."""
    async for name, data in channel:
        has_mood = data.get("mood") and data["mood"]["state"] == state
        if has_mood:
            yield name, data
        if has_mood and name == "recommendations":
            return
