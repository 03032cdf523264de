"""gRPC: messages field by field, bytes that are none, pictures, streams."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import grpc
from hypothesis import strategies as st

from contracts.pb.emoverse.v1 import emotion_pb2, recommender_pb2
from contracts.recommendation import FeedbackAction, Goal, Kind
from servicekit.grpc_status import Ending
from tests.fuzz.inputs import TEXT, altered, mangled, messages, pictures
from tests.fuzz.stage import HangError, ServerError, Stage
from tests.gateway.stand_ins import mood_event

CALL_TIMEOUT_S: Final = 10.0
BUGS: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS})


def page_tokens() -> st.SearchStrategy[str]:
    """As the recommender makes them, with something wrong."""
    moment = "2026-01-01T00:00:00Z"
    mood = json.loads(mood_event().mood.model_dump_json())
    page = {"offset": 1, "sitting_at": moment, "as_of": moment, "goal": "match", "mood": mood, "request": 1}
    moments = st.sampled_from(["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
    changes = st.dictionaries(st.sampled_from(["sitting_at", "as_of"]), moments, min_size=1)
    odd = changes.map(lambda changed: json.dumps(page | changed).encode())
    return st.one_of(altered(page), odd).map(lambda data: urlsafe_b64encode(data).decode())


ITEMS: Final = st.sampled_from(["music:marvin-gaye-whats-going-on", "music:0", "movie:nothing"])
HINTS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "user_id": st.sampled_from(["ada", "bob"]),
    "session_id": st.sampled_from(["", "s1"]),
    "kind": st.sampled_from([*map(str, Kind), "all", ""]),
    "goal": st.sampled_from(["", *map(str, Goal)]),
    "destination": st.sampled_from(["", *map(str, Goal)]),
    "item_id": ITEMS,
    "action": st.sampled_from(list(map(str, FeedbackAction))),
    "idempotency_key": st.uuids().map(str),
    "text": TEXT,
    "count": st.integers(0, 3),
    "state": st.sampled_from(["", "queued", "failed"]),
    "page_token": st.deferred(page_tokens),
    "image": mangled(pictures()),
    "pixels": st.just(bytes(48 * 48)),
    "sequence": st.integers(1, 5),
}


async def unary(channel: Any, method: str, body: bytes, metadata: Any = ()) -> None:
    """One call with these bytes."""
    call = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
    try:
        await call(body, timeout=CALL_TIMEOUT_S, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        judge(error)


def judge(error: grpc.aio.AioRpcError) -> None:
    """Return where this is an answer that a caller can act on."""
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        raise HangError(f"no answer within {CALL_TIMEOUT_S:g} s") from error
    if error.code() in BUGS:
        raise ServerError(f"{error.code().name}: {error.details()}") from error


def _methods(service: Any) -> list[Any]:
    return [method for method in service.methods if not method.client_streaming]


RECOMMENDER: Final = recommender_pb2.DESCRIPTOR.services_by_name["RecommenderService"]
EMOTION: Final = emotion_pb2.DESCRIPTOR.services_by_name["EmotionService"]


def requests(service: Any) -> st.SearchStrategy[tuple[str, bytes]]:
    """Messages of every method, by their path."""
    per_method = [
        st.tuples(
            st.just(f"/{service.full_name}/{method.name}"),
            messages(method.input_type._concrete_class, HINTS).map(lambda message: message.SerializeToString()),
        )
        for method in _methods(service)
    ]
    return st.one_of(per_method)


def raw_requests(service: Any) -> st.SearchStrategy[tuple[str, bytes]]:
    """Bytes that are hardly a message, by the method's path."""
    names = [f"/{service.full_name}/{method.name}" for method in _methods(service)]
    good = recommender_pb2.RecommendRequest(user_id="ada", kind="music", count=2, goal="lift").SerializeToString()
    feedback = recommender_pb2.GiveFeedbackRequest(user_id="ada", item_id="music:0", action="like", idempotency_key="k")
    return st.tuples(
        st.sampled_from(names), st.binary(max_size=120) | mangled([good, feedback.SerializeToString(), b"\x0a" * 30])
    )


def feed_recommender(stage: Stage, request: tuple[str, bytes]) -> None:
    """A call of the recommender."""
    stage.do(unary(stage.recommender, *request))


def feed_emotion(stage: Stage, request: tuple[str, bytes]) -> None:
    """A call of the emotion service."""
    stage.do(unary(stage.emotion, *request, metadata=stage.metadata))


def feed_picture(stage: Stage, picture: bytes) -> None:
    """A static picture."""
    body = emotion_pb2.AnalyzeImageRequest(image=picture).SerializeToString()
    stage.do(unary(stage.emotion, f"/{EMOTION.full_name}/AnalyzeImage", body, stage.metadata))


def streams() -> st.SearchStrategy[list[bytes]]:
    """What a client might send, one after the other."""
    request = messages(emotion_pb2.StreamFramesRequest, HINTS).map(lambda message: message.SerializeToString())
    return st.tuples(st.booleans(), st.lists(request | st.binary(max_size=60), max_size=5)).map(
        lambda parts: [b"hello"] * parts[0] + parts[1]
    )


def feed_stream(stage: Stage, requests: list[bytes]) -> None:
    """A stream of frames."""
    stage.do(_stream(stage, requests))


async def _stream(stage: Stage, requests: list[bytes]) -> None:
    hello = emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id=stage.user_id)).SerializeToString()
    call = stage.emotion.stream_stream(
        f"/{EMOTION.full_name}/StreamFrames", request_serializer=None, response_deserializer=None
    )(timeout=CALL_TIMEOUT_S, metadata=stage.metadata)
    ending = Ending(call)
    try:
        with suppress(asyncio.InvalidStateError, grpc.aio.UsageError):
            for request in requests:
                await call.write(hello if request == b"hello" else request)
            await call.done_writing()
        async for _ in call:
            pass
    except grpc.aio.AioRpcError as error:
        if status := ending.error_behind(error):
            judge(status)
