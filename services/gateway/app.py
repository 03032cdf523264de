"""Builds the gateway and wires its parts."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.middleware import Middleware

from servicekit.background import in_background
from servicekit.database import Offloader
from servicekit.metrics import create_registry, serving_metrics
from servicekit.pubsub import open_redis
from servicekit.tracing import tracing
from services.gateway import health, live_routes, openapi, operator_routes, pages, problems, routes
from services.gateway.access import SameSite
from services.gateway.accounts import routes as account_routes
from services.gateway.accounts.accounts import Clock
from services.gateway.accounts.attempts import Attempts
from services.gateway.accounts.forgetting import Forgetting
from services.gateway.accounts.opening import accounts_in, opened_database, utc_now
from services.gateway.accounts.stops import Stops
from services.gateway.faces import routes as face_routes
from services.gateway.faces.bridge import Bridges
from services.gateway.faces.emotion import open_emotion
from services.gateway.http_limits import BodyLimit, EntityTags, SecurityHeaders
from services.gateway.live import LISTENER_CAPACITY, LiveFeed
from services.gateway.metrics import GatewayMetrics
from services.gateway.mood_diary import MoodDiary
from services.gateway.moods import check_redis
from services.gateway.recheck import Recheck
from services.gateway.recommender import open_recommender
from services.gateway.settings import GatewaySettings
from services.gateway.spotify import routes as spotify_routes
from services.gateway.spotify.opening import opened_spotify
from services.gateway.stream import LiveStreams
from services.gateway.told_requests import ToldRequests
from services.gateway.watch import Dependency, Watch

_DESCRIPTION: Final = (
    "Moods, and the music, movies, games and well-being activities that fit them. "
    "Every error is an application/problem+json that says what to do."
)


def create_app(
    settings: GatewaySettings, clock: Clock = utc_now, listener_capacity: int = LISTENER_CAPACITY
) -> FastAPI:
    """The gateway as an ASGI app; what it needs is opened and closed by its lifespan.

    Args:
        settings: whom to ask.
        clock: the present moment, aware.
        listener_capacity: messages that may wait for one live reader.
    """
    registry = create_registry()
    metrics = GatewayMetrics(registry)
    app = FastAPI(
        title="EmoVerse",
        description=_DESCRIPTION,
        version="1.0.0",
        lifespan=partial(_lifespan, settings=settings, clock=clock, listener_capacity=listener_capacity),
        redoc_url=None,
        # It would lead to whatever host the request names.
        redirect_slashes=False,
        middleware=[
            Middleware(ToldRequests, metrics=metrics),
            Middleware(SecurityHeaders),
            Middleware(SameSite, loopback_only=settings.open),
            Middleware(BodyLimit),
            Middleware(EntityTags),
        ],
    )
    app.state.settings = settings
    app.state.registry, app.state.metrics = registry, metrics
    for edge in (health, account_routes, face_routes, spotify_routes, routes, live_routes, operator_routes):
        app.include_router(edge.router)
    pages.install(app, settings.web_dir)
    problems.install(app)
    openapi.install(app)
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI, settings: GatewaySettings, clock: Clock, listener_capacity: int
) -> AsyncGenerator[None]:
    state = app.state
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing("gateway", settings.otlp_endpoint))
        state.redis = await stack.enter_async_context(open_redis(settings.redis_url))
        state.recommender = await stack.enter_async_context(
            open_recommender(settings.recommender_address, settings.inside)
        )
        state.emotion = await stack.enter_async_context(open_emotion(settings.emotion_address, settings.inside))
        database = stack.enter_context(opened_database(settings))
        state.accounts = accounts_in(database, settings, clock)
        state.offload = Offloader(settings.database_threads, settings.max_waiting_calls)
        stack.callback(state.offload.close)
        state.attempts = Attempts(state.redis, settings.redis_url, settings.secret.get_secret_value())
        state.stops = Stops(state.redis)
        state.forgetting = Forgetting(state.accounts, state.offload, state.stops, state.redis, state.recommender)
        state.feed = LiveFeed(listener_capacity, state.metrics)
        state.spotify = stack.enter_context(opened_spotify(settings, database, clock))
        state.diary = MoodDiary(database, state.offload, clock)
        state.bridges = Bridges(state.feed)
        checks = {Dependency.REDIS: partial(check_redis, state.redis), Dependency.RECOMMENDER: state.recommender.check}
        state.watch = Watch(checks, state.feed)
        state.streams = LiveStreams(state.redis, state.recommender, state.feed)
        pumps = (
            state.feed.pump_moods(state.redis, state.diary.note),
            state.feed.pump_recommendations(state.redis),
            state.bridges.pump_stops(state.redis),
        )
        _watch_gauges(state)
        stack.enter_context(
            serving_metrics(state.registry, settings.host, settings.metrics_port, "GATEWAY_METRICS_PORT")
        )
        upkeep = state.forgetting.keep_up(timedelta(days=settings.guest_days))
        recheck = Recheck(state.accounts, state.offload, state.bridges, state.feed).run()
        await stack.enter_async_context(in_background(*pumps, state.watch.run(), state.diary.run(), upkeep, recheck))
        yield


def _watch_gauges(state: State) -> None:
    tell: GatewayMetrics = state.metrics
    tell.watch("live_readers", "Open live channels.", lambda: len(state.feed.listeners))
    tell.watch("cameras", "Open camera channels of browsers.", lambda: state.bridges.count)
    tell.watch("database_calls", "Calls that run or wait for a thread.", lambda: state.offload.calls)
    for dependency in Dependency:
        up = partial(state.watch.is_up, dependency)
        tell.watch(f"{dependency}_up", f"Whether the {dependency} answered the last check.", up)
