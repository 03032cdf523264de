"""What a worker tells of itself: metrics, and traces from a frame to the event that follows from it."""

import asyncio

import grpc
from redis.asyncio import Redis

from contracts.events import MoodEvent, mood_key
from contracts.mood import MoodState
from servicekit.pubsub import open_redis
from standalone.ports import free_ports
from tests.emotion.conftest import OpenService, wait_for_health
from tests.emotion.support import Client, FakeModel, empty_jpeg, face_jpeg, until
from tests.emotion.test_sessions import happy
from tests.servicekit.collector import collecting
from tests.servicekit.scraping import scrape


async def test_a_worker_tells_prometheus_what_it_does(
    open_emotion: OpenService, tfserving_address: str, model: FakeModel
):
    port = free_ports(1)[0]
    changes = {"metrics_port": port, "max_streams": 1, "model_timeout_s": 0.3}
    async with open_emotion(tfserving_address=tfserving_address, **changes) as emotion:
        await wait_for_health(emotion, serving=True)
        async with Client(emotion) as client, Client(emotion) as refused:
            await client.hello()
            for image in (face_jpeg(), face_jpeg(seed=2), empty_jpeg(), b"no picture"):
                await client.ask(image)
            model.hold = asyncio.Event()
            await client.ask(face_jpeg())
            await refused.start()
            assert (await refused.refusal())[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
            told = await asyncio.to_thread(scrape, port)
    assert told["emotion_frames_received_total"] == 5
    statuses = ("ok", "no_face", "bad_image", "degraded", "dropped")
    assert [told[f"emotion_frames_total {status}"] for status in statuses] == [2, 1, 1, 1, 0]
    assert told["emotion_frame_seconds_count"] == 5
    assert told["emotion_stage_seconds_count look"] >= 4
    assert told["emotion_stage_seconds_count read"] >= 2
    assert (told["emotion_batch_faces_count"], told["emotion_batch_faces_sum"]) == (3, 3)
    assert told["emotion_model_seconds_sum"] > 0
    assert told["emotion_streams"] == 1
    assert told["emotion_streams_refused_total"] == 1
    assert told["emotion_faces_waiting"] == told["emotion_pictures_waiting"] == 0
    assert told["process_resident_memory_bytes"] > 0


DEVICE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


async def happy_event(emotion: grpc.aio.Channel, redis: Redis) -> MoodEvent:
    """What is published when ada has become happy."""
    async with Client(emotion, [("traceparent", DEVICE)]) as client:
        await wait_for_health(emotion, serving=True)
        await client.hello("ada")
        await happy(client)

        async def is_kept() -> bool:
            kept = await redis.get(mood_key("ada"))
            return bool(kept) and MoodEvent.model_validate_json(kept).mood.state is MoodState.HAPPY

        await until(is_kept)
        return MoodEvent.model_validate_json(await redis.get(mood_key("ada")) or "")


async def test_a_frame_is_traced_to_the_event_that_follows_from_it(
    open_emotion: OpenService, tfserving_address: str, redis_url: str
):
    async with (
        collecting() as (collector, endpoint),
        open_redis(redis_url) as redis,
        open_emotion(tfserving_address=tfserving_address, otlp_endpoint=endpoint) as emotion,
    ):
        event = await happy_event(emotion, redis)
    assert event.traceparent
    _, trace_id, span_id, _ = event.traceparent.split("-")
    frame = next(span for span in collector.named("frame") if span.span_id.hex() == span_id)
    assert frame.trace_id.hex() == trace_id
    assert frame.links[0].trace_id.hex() == DEVICE.split("-")[1]
    assert {span.name for span in collector.spans if span.parent_span_id == frame.span_id} == {"look", "read"}
    assert b"ada" not in b"".join(span.SerializeToString() for span in collector.spans)
