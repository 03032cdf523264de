"""Builds the emotion service and wires its parts."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import grpc
from redis.asyncio import Redis

from contracts.events import STOPS_CHANNEL, StopEvent
from contracts.pb.emoverse.v1 import emotion_pb2_grpc
from servicekit.background import in_background
from servicekit.grpc_channel import open_channel
from servicekit.grpc_server import create_server, serving
from servicekit.metrics import create_registry, serving_metrics
from servicekit.pubsub import open_redis, subscribe
from servicekit.tracing import tracing
from services.emotion.balance import Balance
from services.emotion.batcher import Batcher, BatchRules
from services.emotion.callers import Anybody, DeviceTokens
from services.emotion.faces import FaceCrop, FaceFinder
from services.emotion.following import FaceFollower
from services.emotion.images import ImageLimits
from services.emotion.metrics import EmotionMetrics
from services.emotion.model import EmotionModel
from services.emotion.predictions import Prediction
from services.emotion.publisher import MoodPublisher
from services.emotion.readings import FaceReader
from services.emotion.servicer import SERVICE_NAME, EmotionServicer
from services.emotion.session import Surroundings
from services.emotion.session_store import SessionStore
from services.emotion.sessions import LAST_ANSWERS_S, SessionRules, Sessions
from services.emotion.settings import EmotionSettings
from services.emotion.vision import Vision, usable_cores
from services.emotion.workload import Workload

MAX_STILLS: Final = 32
"""Static pictures read or waiting for a thread."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_service(settings: EmotionSettings, clock: Callable[[], datetime] = utc_now) -> AsyncGenerator[int]:
    """Serve while open; yields the bound port.

    It serves from the first moment on: while the model is not there readings are degraded and health says NOT_SERVING;
    while Redis is not there moods are in the readings only.

    Raises:
        ConfigurationError: the port cannot be bound, or OpenCV comes without its cascade.
    """
    limits = ImageLimits(settings.max_image_bytes, settings.max_image_pixels)
    server, health = await create_server(SERVICE_NAME, _server_options(settings))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing("emotion", settings.otlp_endpoint))
        registry = create_registry()
        metrics = EmotionMetrics(registry)
        redis = await stack.enter_async_context(open_redis(settings.redis_url))
        publisher = MoodPublisher(redis, settings.mood_ttl_s)
        await stack.enter_async_context(publisher.running())

        channel = await stack.enter_async_context(open_channel(settings.tfserving_address, tls=settings.inside))
        model = EmotionModel(
            channel, settings.tfserving_address, settings.model_timeout_s, settings.model_poll_s, health.set_serving
        )
        batcher = Batcher[FaceCrop, Prediction](
            metrics.timed(model.predict),
            BatchRules(settings.max_batch_faces, settings.max_batch_wait_s, settings.max_waiting_faces),
        )
        await stack.enter_async_context(batcher.running())

        finder = FaceFinder()
        threads = settings.vision_threads or usable_cores()
        # Each stream has one picture being read.
        vision = Vision(limits, max_waiting=settings.max_streams, threads=threads)
        still_vision = Vision(limits, max_waiting=MAX_STILLS, threads=max(1, threads // 2))
        stack.enter_context(vision.running())
        stack.enter_context(still_vision.running())
        reader = FaceReader(vision, batcher, settings.model_timeout_s)
        stills = FaceReader(still_vision, batcher, settings.model_timeout_s)
        workload = Workload(threads, settings.min_fps, settings.max_fps)
        around = Surroundings(reader, partial(FaceFollower, finder), publisher, clock, workload, metrics)
        sessions = Sessions(around, SessionStore(redis, settings.session_ttl_s), _rules(settings))
        await stack.enter_async_context(in_background(sessions.beat(), sessions.keep(), _stop(sessions, redis)))

        metrics.watch("faces_waiting", "Faces in no batch yet.", lambda: batcher.waiting)
        metrics.watch("pictures_waiting", "Pictures read or waiting for a thread.", lambda: vision.waiting)
        metrics.watch("moods_waiting", "People whose mood is not published yet.", lambda: publisher.waiting)
        metrics.watch("streams", "Open streams.", lambda: workload.streams)
        stack.enter_context(serving_metrics(registry, settings.host, settings.metrics_port, "EMOTION_METRICS_PORT"))
        callers = DeviceTokens(secret.get_secret_value(), redis) if (secret := settings.token_secret) else Anybody()
        await stack.enter_async_context(in_background(sessions.recheck(callers.taken_back)))
        servicer = EmotionServicer(sessions, callers, stills, finder, limits, settings.max_in_flight)
        emotion_pb2_grpc.add_EmotionServiceServicer_to_server(servicer, server)
        address = f"{settings.host}:{settings.port}"
        port = await stack.enter_async_context(serving(server, address, "EMOTION_PORT", settings.tls))
        stack.push_async_callback(_drain, server, sessions, settings.reconnect_grace_s)
        balance = Balance(redis, sessions, lambda: model.version)
        stack.push_async_callback(balance.leave)
        await stack.enter_async_context(in_background(balance.watch()))
        stack.push_async_callback(health.set_serving, False)
        await stack.enter_async_context(in_background(model.watch()))
        yield port


async def _drain(server: grpc.aio.Server, sessions: Sessions, grace_s: float) -> None:
    # From now on nobody can connect, so that whoever is told to go on elsewhere does not come back here.
    await asyncio.gather(server.stop(grace_s + 2 * LAST_ANSWERS_S), sessions.drain())


async def _stop(sessions: Sessions, redis: Redis) -> None:
    async for event in subscribe(redis, STOPS_CHANNEL, StopEvent):
        await sessions.stop(event.user_id, event.token_id)


def _rules(settings: EmotionSettings) -> SessionRules:
    return SessionRules(
        max_sessions=settings.max_streams,
        max_in_flight=settings.max_in_flight,
        heartbeat=timedelta(seconds=settings.heartbeat_s),
        mood_ttl=timedelta(seconds=settings.mood_ttl_s),
        grace_s=settings.reconnect_grace_s,
    )


def _server_options(settings: EmotionSettings) -> list[tuple[str, int]]:
    return [
        # A picture over the limit gets an answer that says so; only one far over it ends the call.
        ("grpc.max_receive_message_length", 2 * settings.max_image_bytes + 2**16),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ]
