"""Clients that know other fields than the service does: one of before, one of later."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import duration_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from contracts.pb.emoverse.v1 import emotion_pb2, mood_pb2
from tests.emotion.support import DEADLINE_S, face_jpeg

STREAM = "/emoverse.v1.EmotionService/StreamFrames"
LATER = {
    "StreamFramesResponse": ("reconnect",),
    "Welcome": ("pace", "resumed"),
    "Frame": ("crops",),
    "Reading": ("pace", "lag_ms"),
}
"""What the first version of the contract did not have."""
NEWS = {"news": "unheard of"}


def first_version(file: FileDescriptorProto) -> None:
    for message in file.message_type:
        kept = [field for field in message.field if field.name not in LATER.get(message.name, ())]
        del message.field[:]
        message.field.extend(kept)


def next_version(file: FileDescriptorProto) -> None:
    text, optional = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.LABEL_OPTIONAL
    for message in file.message_type:
        message.field.append(FieldDescriptorProto(name="news", number=99, type=text, label=optional))


def messages(change: Callable[[FileDescriptorProto], None]) -> list[Any]:
    """The request and the response of a stream, as somebody knows them whose contract is a changed one."""
    pool = DescriptorPool()
    for known in (timestamp_pb2, duration_pb2, mood_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    file = FileDescriptorProto.FromString(emotion_pb2.DESCRIPTOR.serialized_pb)
    change(file)
    pool.Add(file)
    names = ("StreamFramesRequest", "StreamFramesResponse")
    return [GetMessageClass(pool.FindMessageTypeByName(f"emoverse.v1.{name}")) for name in names]


@pytest.mark.parametrize(("change", "more"), [(first_version, {}), (next_version, NEWS)])
async def test_a_client_of_another_version_is_read(
    emotion: grpc.aio.Channel, change: Callable[[FileDescriptorProto], None], more: dict[str, str]
):
    request, response = messages(change)
    hello = request(hello={"user_id": "ann", **more}, **more)
    frame = request(frame={"sequence": 1, "image": face_jpeg(), **more}, **more)
    stream: Any = emotion.stream_stream(STREAM, request.SerializeToString, response.FromString)
    answers = [answer async for answer in stream(iter([hello, frame]), timeout=DEADLINE_S)]
    assert [answer.WhichOneof("payload") for answer in answers] == ["welcome", "reading"]
    assert (answers[1].reading.sequence, answers[1].reading.status) == (1, emotion_pb2.READING_STATUS_OK)
