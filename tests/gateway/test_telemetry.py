"""What a gateway tells Prometheus."""

import asyncio
from datetime import UTC, datetime

import httpx
from redis.asyncio import Redis

from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from tests.gateway.stand_ins import listening, mood_event, publish, recommendations_event, until_subscribed
from tests.servicekit.scraping import scrape

ROUTE = "/v1/users/{user_id}/recommendations"


async def test_a_gateway_tells_prometheus_what_it_does(settings: GatewaySettings, redis: Redis):
    metrics_port = free_ports(1)[0]
    told_settings = settings.model_copy(update={"metrics_port": metrics_port})
    async with serving(create_app(told_settings), told_settings) as port:
        await until_subscribed(redis)
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url) as client, listening(url) as events:
            await anext(events)
            for path in ("users/ada/recommendations?kind=music", "users/ada/mood", "soup"):
                await client.get(f"/v1/{path}")
            for event in (mood_event(at=datetime.now(UTC)), recommendations_event()):
                await publish(redis, event)
                await anext(events)
            told = await asyncio.to_thread(scrape, metrics_port)
    assert told[f"gateway_requests_total GET {ROUTE} 200"] == 1
    assert told["gateway_requests_total GET /v1/users/{user_id}/mood 404"] == 1
    assert told["gateway_requests_total GET none 404"] == 1
    assert told[f"gateway_request_seconds_count {ROUTE}"] == 1
    assert told["gateway_live_messages_total mood"] == told["gateway_live_messages_total recommendations"] == 1
    assert 0 <= told["gateway_live_age_seconds_sum mood"] < 30
    assert told["gateway_live_readers"] == told["gateway_redis_up"] == told["gateway_recommender_up"] == 1
    assert told["gateway_cameras"] == 0
    assert not [name for name in told if "ada" in name]
