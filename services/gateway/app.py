"""Builds the gateway and wires its parts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from servicekit.background import in_background
from servicekit.pubsub import open_redis
from services.gateway import health, live_routes, openapi, pages, problems, routes
from services.gateway.http_limits import BodyLimit, SecurityHeaders
from services.gateway.live import LISTENER_CAPACITY, LiveFeed
from services.gateway.moods import check_redis
from services.gateway.recommender import open_recommender
from services.gateway.settings import GatewaySettings
from services.gateway.stream import LiveStreams
from services.gateway.watch import Dependency, Watch

_DESCRIPTION: Final = (
    "Moods, and the music, movies, games and well-being activities that fit them. "
    "Every error is an application/problem+json that says what to do."
)


def create_app(settings: GatewaySettings, listener_capacity: int = LISTENER_CAPACITY) -> FastAPI:
    """The gateway as an ASGI app; what it needs is opened and closed by its lifespan.

    Args:
        settings: whom to ask.
        listener_capacity: messages that may wait for one live reader.
    """
    app = FastAPI(
        title="EmoVerse",
        description=_DESCRIPTION,
        version="1.0.0",
        lifespan=partial(_lifespan, settings=settings, listener_capacity=listener_capacity),
        redoc_url=None,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    for router in (health.router, routes.router, live_routes.router):
        app.include_router(router)
    pages.install(app, settings.web_dir)
    problems.install(app)
    openapi.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: GatewaySettings, listener_capacity: int) -> AsyncGenerator[None]:
    async with (
        open_redis(settings.redis_url) as redis,
        open_recommender(settings.recommender_address) as recommender,
    ):
        feed = LiveFeed(listener_capacity)
        watch = Watch({Dependency.REDIS: partial(check_redis, redis), Dependency.RECOMMENDER: recommender.check}, feed)
        app.state.redis = redis
        app.state.recommender = recommender
        app.state.feed = feed
        app.state.watch = watch
        app.state.streams = LiveStreams(redis, recommender, feed)
        async with in_background(feed.pump_moods(redis), feed.pump_recommendations(redis), watch.run()):
            yield
