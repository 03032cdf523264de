"""Redis, where somebody else wrote."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Final

import grpc
from hypothesis import strategies as st

from contracts.events import (
    MOODS_CHANNEL,
    RECOMMENDATIONS_CHANNEL,
    STOPS_CHANNEL,
    face_key,
    journey_key,
    mood_key,
    person_key,
)
from contracts.pb.emoverse.v1 import emotion_pb2, recommender_pb2
from services.emotion.mood import MoodMemory
from services.emotion.session_store import FaceState
from tests.fuzz.grpc_edges import CALL_TIMEOUT_S, EMOTION, RECOMMENDER, judge, unary
from tests.fuzz.http_edges import SERVER_ERROR, dumped
from tests.fuzz.inputs import JSON, altered
from tests.fuzz.stage import ServerError, Stage
from tests.gateway.stand_ins import mood_event, recommendations_event

SETTLE_S: Final = 0.002
"""In which a message on a channel is heard."""

_MOOD: Final = json.loads(mood_event("ada").model_dump_json())
_PICKS: Final = json.loads(recommendations_event("ada").model_dump_json())
_STOP: Final = {"event_id": "x", "user_id": "somebody", "reason": "revoked", "token_id": "t"}
_FACE: Final = json.loads(
    FaceState(memory=MoodMemory.of(mood_event().mood), at=datetime(2026, 1, 1, tzinfo=UTC)).model_dump_json()
)
_MOMENTS: Final = st.sampled_from(
    ["0001-01-01T00:00:00", "9999-12-31T23:59:59.9+00:00", "0001-01-01T00:00:00+23:59", 1e300, -1]
)


def redis_writes() -> st.SearchStrategy[tuple[str, str, bytes]]:
    """How, where and what somebody else writes."""
    dated = st.tuples(_MOMENTS, _MOMENTS).map(
        lambda at: json.dumps(_MOOD | {"at": at[0], "mood": _MOOD["mood"] | {"since": at[1]}}).encode()
    )
    moods = altered(_MOOD) | dated | st.binary(max_size=40) | JSON.map(dumped)
    published = st.one_of(
        st.tuples(st.just("publish"), st.just(MOODS_CHANNEL), moods),
        st.tuples(st.just("publish"), st.just(RECOMMENDATIONS_CHANNEL), altered(_PICKS) | st.binary(max_size=40)),
        st.tuples(st.just("publish"), st.just(STOPS_CHANNEL), altered(_STOP) | st.binary(max_size=40)),
    )
    kept = st.tuples(
        st.sampled_from(["set", "lpush", "hset"]),
        st.sampled_from([mood_key("ada"), face_key("ada"), journey_key("ada"), person_key("ada")]),
        moods | altered(_FACE),
    )
    return published | kept


def feed_redis(stage: Stage, write: tuple[str, str, bytes]) -> None:
    """Write it, and have everybody read it."""
    stage.do(_poison(stage, *write))


async def _poison(stage: Stage, how: str, where: str, data: bytes) -> None:
    if how == "publish":
        await stage.redis.publish(where, data)
        await asyncio.sleep(SETTLE_S)
        return
    writes = {"set": ("SET", where, data), "lpush": ("LPUSH", where, data), "hset": ("HSET", where, "user", data)}
    # At once, since a service may write there as well.
    async with stage.redis.pipeline() as pipeline:
        pipeline.delete(where)
        pipeline.execute_command(*writes[how])
        await pipeline.execute()
    try:
        await _read_back(stage)
    finally:
        await stage.redis.delete(where)


async def _read_back(stage: Stage) -> None:
    """Everybody who reads the keys of a person reads them now."""
    signed = stage.token_for("ada")
    hello = emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="ada")).SerializeToString()
    call = stage.emotion.stream_stream(f"/{EMOTION.full_name}/StreamFrames")(
        timeout=CALL_TIMEOUT_S, metadata=(("authorization", f"Bearer {signed}"),)
    )
    try:
        await call.write(hello)
        await call.read()
    except grpc.aio.AioRpcError as error:
        judge(error)
    finally:
        call.cancel()
    await unary(
        stage.recommender,
        f"/{RECOMMENDER.full_name}/Recommend",
        recommender_pb2.RecommendRequest(user_id="ada", kind="wellbeing", count=1).SerializeToString(),
    )
    reply = await stage.ask_as_operator("GET", "/v1/users/ada/mood")
    if reply.status_code == SERVER_ERROR:
        raise ServerError(reply.text[:500])
