"""The emotion model behind TensorFlow Serving's gRPC API."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import grpc
import numpy as np
import structlog
from numpy.typing import NDArray

from contracts.emotion import EMOTIONS
from contracts.model import (
    FACE_SIZE_PX,
    INPUT_NAME,
    LABELS,
    MODEL_NAME,
    PROBABILITIES,
    SIGNATURE_NAME,
    UNCERTAIN_BELOW,
)
from contracts.tfserving import tfs
from servicekit.errors import ConfigurationError, EmoVerseError, UnavailableError
from services.emotion.faces import FaceCrop
from services.emotion.predictions import Prediction

SUM_TOLERANCE: Final = 0.01
"""How far from 1 a row of probabilities may sum."""

LOOK_TIMEOUT_S: Final = 5.0
"""How long the server may take to say what it serves: nobody waits for that, and a busy server is not a lost one."""

BREAK_AFTER: Final = 3
"""Failures in a row after which no batch waits for the server any more, until a look at it has gone well."""

_MISFITS: Final = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED)

_log = structlog.get_logger(__name__)


class _Version(NamedTuple):
    number: int
    uncertain_below: float


class EmotionModel:
    """A client of one TensorFlow Serving; notices when its model comes up, goes away or changes.

    It is a circuit breaker too: after failures in a row nobody's frame is used to find out whether the server is back,
    since `watch` does that with a frame of its own.

    Args:
        channel: to the model server.
        address: HOST:PORT, for messages.
        timeout_s: the deadline of a batch of faces.
        poll_s: the pause between two looks at the server.
        on_change: told whether the model can be used, whenever that changes.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        address: str,
        timeout_s: float,
        poll_s: float,
        on_change: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._predictions = tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = tfs.model_service_pb2_grpc.ModelServiceStub(channel)
        self._address = address
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._on_change = on_change
        self._version: _Version | None = None
        self._problem: EmoVerseError = self._unavailable("has not been asked yet")
        self._look = asyncio.Event()
        self._failures = 0
        self._last_failure = self._problem

    async def predict(self, faces: Sequence[FaceCrop]) -> list[Prediction]:
        """One prediction a face, in their order.

        Raises:
            UnavailableError: the model server does not answer in time, is loading, or answers nonsense.
            ConfigurationError: the served model is not one this service can read.
        """
        version = self._version
        if version is None:
            raise self._problem
        if self._failures >= BREAK_AFTER:
            raise self._last_failure
        try:
            response = await self._call(np.stack(faces), [PROBABILITIES])
            number = response.model_spec.version.value
            if number != version.number:
                self._look.set()
                version = await self._inspect(number)
            rows = _probabilities(response.outputs[PROBABILITIES], len(faces))
        except EmoVerseError as failure:
            self._failures, self._last_failure = self._failures + 1, failure
            self._look.set()
            raise
        self._failures = 0
        return [Prediction(row, version.uncertain_below) for row in rows]

    @property
    def version(self) -> int:
        """The version that is served; 0 while it cannot be used."""
        return self._version.number if self._version else 0

    async def watch(self) -> None:
        """Keep an eye on the server, for ever."""
        while True:
            try:
                await self._refresh()
            except EmoVerseError as problem:
                await self._lose(problem)
                await asyncio.sleep(self._poll_s)
            else:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._look.wait()
        except TimeoutError:
            return

    async def _refresh(self) -> None:
        suspected = self._look.is_set()
        self._look.clear()
        number = await self._newest()
        if self._version is not None and number == self._version.number and not suspected:
            return
        before, self._version = self._version, await self._inspect(number)
        self._failures = 0
        if self._version != before:
            _log.info("the model is ready", **self._version._asdict())
        if before is None:
            await self._on_change(True)

    async def _lose(self, problem: EmoVerseError) -> None:
        if self._version is not None or problem.code != self._problem.code:
            _log.warning("the model cannot be used", problem=problem.message, advice=problem.advice, code=problem.code)
        self._problem = problem
        if self._version is not None:
            self._version = None
            await self._on_change(False)

    async def _newest(self) -> int:
        request = tfs.get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = MODEL_NAME
        try:
            response = await self._models.GetModelStatus(request, timeout=LOOK_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from error
        available = tfs.get_model_status_pb2.ModelVersionStatus.AVAILABLE
        numbers = [status.version for status in response.model_version_status if status.state == available]
        if not numbers:
            raise self._loading()
        return max(numbers)

    async def _inspect(self, number: int) -> _Version:
        blank = np.zeros((1, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
        response = await self._call(blank, [LABELS, UNCERTAIN_BELOW, PROBABILITIES], number)
        _probabilities(response.outputs[PROBABILITIES], 1)
        labels = [label.decode(errors="replace") for label in response.outputs[LABELS].string_val[: len(EMOTIONS)]]
        if labels != [emotion.value for emotion in EMOTIONS]:
            raise self._misfit(f"its labels are {', '.join(labels) or 'missing'}, not {', '.join(EMOTIONS)}")
        thresholds = _floats(response.outputs[UNCERTAIN_BELOW])
        if thresholds.size != 1 or not 0 <= thresholds[0] <= 1:
            raise self._misfit(f"{UNCERTAIN_BELOW} is {thresholds.tolist()}, not one number in 0..1 a face")
        return _Version(number, float(thresholds[0]))

    async def _call(self, faces: NDArray[np.uint8], outputs: list[str], version: int | None = None) -> Any:
        request = tfs.predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name = MODEL_NAME
        request.model_spec.signature_name = SIGNATURE_NAME
        if version is not None:
            request.model_spec.version.value = version
        request.inputs[INPUT_NAME].CopyFrom(_tensor(faces))
        timeout_s = self._timeout_s if version is None else LOOK_TIMEOUT_S
        try:
            response = await self._predictions.Predict(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from error
        if missing := set(outputs) - set(response.outputs):
            raise self._misfit(f"it does not answer {', '.join(sorted(missing))}")
        return response

    def _failure(self, error: grpc.aio.AioRpcError) -> EmoVerseError:
        if error.code() in _MISFITS:
            return self._misfit(error.details() or error.code().name)
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return self._loading()
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._unavailable("did not answer in time", code="model_timeout")
        return self._unavailable(f"answered {error.code().name}: {error.details()}")

    def _unavailable(self, what: str, code: str = "model_unavailable") -> UnavailableError:
        return UnavailableError(
            f"The model server at {self._address} {what}.",
            "Check that it runs and that TFSERVING_ADDRESS points at it; readings resume by themselves.",
            code=code,
        )

    def _loading(self) -> UnavailableError:
        return UnavailableError(
            f"The model server at {self._address} has no version of {MODEL_NAME!r} ready.",
            "Wait until it has loaded one; if none comes, look at its log.",
            code="model_loading",
        )

    def _misfit(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"The model {MODEL_NAME!r} at {self._address} cannot be read: {what}.",
            "Serve a version exported by this project's training, or point TFSERVING_ADDRESS at one.",
            code="model_mismatch",
        )


def _tensor(faces: NDArray[np.uint8]) -> Any:
    tensor = tfs.tensor_pb2.TensorProto(dtype=tfs.types_pb2.DT_UINT8, tensor_content=faces.tobytes())
    for size in (*faces.shape, 1):
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def _floats(tensor: Any) -> NDArray[np.float64]:
    # A server may pack the values or list them.
    packed = np.frombuffer(tensor.tensor_content, np.float32)
    return np.array(packed if packed.size else tensor.float_val, np.float64)


def _probabilities(tensor: Any, faces: int) -> list[tuple[float, ...]]:
    values = _floats(tensor)
    if values.size != faces * len(EMOTIONS):
        raise _nonsense(f"{values.size} probabilities for {faces} faces")
    rows = values.reshape(faces, len(EMOTIONS))
    sums = rows.sum(axis=1, keepdims=True)
    if not (rows >= 0).all() or not (abs(sums - 1) <= SUM_TOLERANCE).all():
        raise _nonsense("probabilities that are negative, not a number, or do not sum to 1")
    return [tuple(row) for row in (rows / sums).tolist()]


def _nonsense(what: str) -> UnavailableError:
    return UnavailableError(
        f"The model server answered {what}.", "Serve a version that was evaluated.", code="model_nonsense"
    )
