"""Pictures, a model server and a client for the emotion service's tests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import cv2
import grpc
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from numpy.typing import NDArray

from contracts import tfserving
from contracts.emotion import EMOTIONS, Emotion
from contracts.model import INPUT_NAME, LABELS, PROBABILITIES, UNCERTAIN_BELOW
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.grpc_status import Ending, error_from
from services.capture.demo import draw_empty_room, draw_face

_serving: Any = tfserving
_AVAILABLE = _serving.get_model_status_pb2.ModelVersionStatus.AVAILABLE
LOADING = _serving.get_model_status_pb2.ModelVersionStatus.LOADING

DEADLINE_S = 20.0


def mostly(emotion: Emotion, probability: float = 0.88) -> list[float]:
    """Probabilities with one emotion ahead and the others alike."""
    return [probability if each is emotion else (1 - probability) / 6 for each in EMOTIONS]


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def png(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def face_jpeg(emotion: Emotion = Emotion.HAPPY, seed: int = 1) -> bytes:
    """640x480 with one drawn face."""
    return jpeg(draw_face(emotion, seed=seed))


def empty_jpeg() -> bytes:
    """640x480 with nobody in it."""
    return jpeg(draw_empty_room(seed=1))


def always_happy(faces: NDArray[np.uint8]) -> list[list[float]]:
    return [mostly(Emotion.HAPPY)] * len(faces)


@dataclass
class FakeModel:
    """What TensorFlow Serving would answer; every attribute may change while it serves."""

    answer: Callable[[NDArray[np.uint8]], Sequence[Sequence[float]]] = lambda faces: (
        [mostly(Emotion.HAPPY)] * len(faces)
    )
    labels: Sequence[str] = tuple(EMOTIONS)
    uncertain_below: float = 0.45
    version: int = 1
    state: int = _AVAILABLE
    hold: asyncio.Event | None = None
    """Predictions wait for it; None: they do not wait."""
    batches: list[int] = field(default_factory=list[int])
    """The sizes of the batches of faces, without the client's own questions about the model."""

    def status(self, _request: Any) -> Any:
        response = _serving.get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=self.version, state=self.state)
        return response

    async def predict(self, request: Any) -> Any:
        tensor = request.inputs[INPUT_NAME]
        assert tensor.dtype == _serving.types_pb2.DT_UINT8
        shape = [dimension.size for dimension in tensor.tensor_shape.dim]
        assert shape[1:] == [48, 48, 1]
        faces = np.frombuffer(tensor.tensor_content, np.uint8).reshape(shape[:3])
        response = _serving.predict_pb2.PredictResponse()
        response.model_spec.version.value = self.version
        wanted = set(request.output_filter)
        if wanted == {PROBABILITIES}:
            self.batches.append(len(faces))
            if self.hold:
                await self.hold.wait()
        if PROBABILITIES in wanted:
            rows = [p for row in self.answer(faces) for p in row]
            response.outputs[PROBABILITIES].float_val.extend(rows)
        if LABELS in wanted:
            response.outputs[LABELS].string_val.extend([label.encode() for label in self.labels] * len(faces))
        if UNCERTAIN_BELOW in wanted:
            response.outputs[UNCERTAIN_BELOW].float_val.extend([self.uncertain_below] * len(faces))
        return response


@asynccontextmanager
async def serve_model(model: FakeModel, port: int = 0) -> AsyncGenerator[str]:
    """The model behind TensorFlow Serving's real gRPC interface; yields its address."""

    class Predictions(_serving.prediction_service_pb2_grpc.PredictionServiceServicer):
        async def Predict(self, request: Any, context: Any) -> Any:
            if model.state != _AVAILABLE:
                await context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(emotion)")
            return await model.predict(request)

    class Models(_serving.model_service_pb2_grpc.ModelServiceServicer):
        async def GetModelStatus(self, request: Any, context: Any) -> Any:
            return model.status(request)

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    _serving.prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(), server)
    _serving.model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(None)


class Client:
    """One stream to the emotion service."""

    def __init__(self, channel: grpc.aio.Channel, metadata: Sequence[tuple[str, str]] = ()) -> None:
        stub = emotion_pb2_grpc.EmotionServiceStub(channel)
        self.call = stub.StreamFrames(timeout=DEADLINE_S, metadata=tuple(metadata))
        self._ending = Ending(self.call)
        self._sequence = 0

    async def start(self, user_id: str = "demo", session_id: str = "") -> None:
        hello = emotion_pb2.Hello(user_id=user_id, session_id=session_id)
        # A call that was refused before this says so when it is read.
        with suppress(grpc.aio.AioRpcError):
            await self.call.write(emotion_pb2.StreamFramesRequest(hello=hello))

    async def hello(self, user_id: str = "demo", session_id: str = "") -> emotion_pb2.Welcome:
        await self.start(user_id, session_id)
        return (await self._response()).welcome

    async def send(self, image: bytes, sequence: int | None = None, **fields: Any) -> int:
        self._sequence = self._sequence + 1 if sequence is None else sequence
        fields = {"captured_at": Timestamp(seconds=1_700_000_000), **fields}
        frame = emotion_pb2.Frame(sequence=self._sequence, image=image, **fields)
        await self.call.write(emotion_pb2.StreamFramesRequest(frame=frame))
        return self._sequence

    async def reading(self) -> emotion_pb2.Reading:
        return (await self._response()).reading

    async def reconnect(self) -> emotion_pb2.Reconnect:
        """Read the next response, which is to be one."""
        response = await self._response()
        assert response.WhichOneof("payload") == "reconnect"
        return response.reconnect

    async def ask(self, image: bytes, **fields: Any) -> emotion_pb2.Reading:
        """Send a frame and wait for its reading."""
        sequence = await self.send(image, **fields)
        reading = await self.reading()
        assert reading.sequence == sequence
        return reading

    async def _response(self) -> emotion_pb2.StreamFramesResponse:
        response: Any = await self.call.read()
        if response is grpc.aio.EOF:
            raise EOFError("the stream has ended")
        return response

    async def finish(self) -> list[emotion_pb2.Reading]:
        """Close this side and read what is left."""
        await self.call.done_writing()
        return await self._rest()

    async def refusal(self) -> tuple[grpc.StatusCode, str, str]:
        """Read until the stream is ended with an error: its status, code and advice."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self._rest()
        return refusal_of(self._ending.error_behind(caught.value))

    async def _rest(self) -> list[emotion_pb2.Reading]:
        readings: list[emotion_pb2.Reading] = []
        with suppress(EOFError):
            while True:
                readings.append(await self.reading())
        return readings

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.call.cancel()


def refusal_of(error: grpc.RpcError | None) -> tuple[grpc.StatusCode, str, str]:
    """The status, code and advice of a failed call."""
    assert isinstance(error, grpc.aio.AioRpcError)
    problem = error_from(error, "the emotion service")
    return error.code(), problem.code, problem.advice


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for something that will happen."""
    async with asyncio.timeout(DEADLINE_S):
        while not await _holds(condition):  # noqa: ASYNC110  (what is waited for knows nothing of its tests)
            await asyncio.sleep(0.005)


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = condition()
    return answer if isinstance(answer, bool) else await answer
