"""The gRPC edge: translates messages and statuses, and delegates."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from google.rpc import code_pb2

from contracts.tfserving import model_service_pb2_grpc, prediction_service_pb2_grpc, tfs
from standalone.model_server.errors import ServingError, invalid_argument
from standalone.model_server.signature import choose_outputs, find_signature, read_inputs
from standalone.model_server.tensors import to_proto
from standalone.model_server.versions import ModelVersions, ServedVersion, VersionStatus

Context = grpc.aio.ServicerContext[Any, Any]

SIGNATURE_DEF: Final = "signature_def"
"""The one metadata field there is."""

_STATUS_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class PredictionServicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """tensorflow.serving.PredictionService: predictions and signatures; what else it has is UNIMPLEMENTED.

    Args:
        versions: what is served.
        max_pending: predictions waiting or running, beyond which more are answered UNAVAILABLE.
        max_tensor_bytes: the largest input tensor.
    """

    def __init__(self, versions: ModelVersions, max_pending: int, max_tensor_bytes: int) -> None:
        self._versions = versions
        self._max_pending = max_pending
        self._max_tensor_bytes = max_tensor_bytes
        self._pending = 0

    async def Predict(self, request: Any, context: Context) -> Any:
        """Run a signature of the version asked for."""
        async with _errors_as_statuses(context), self._admitted():
            version = self._find(request)
            name, signature = find_signature(version.signatures, request.model_spec.signature_name)
            inputs = read_inputs(signature, request.inputs, self._max_tensor_bytes)
            outputs = choose_outputs(signature, request.output_filter)
            arrays = await version.predict(name, inputs, outputs)
            return tfs.predict_pb2.PredictResponse(
                model_spec=_model_spec(request, version, name),
                outputs={alias: to_proto(array) for alias, array in arrays.items()},
            )

    async def GetModelMetadata(self, request: Any, context: Context) -> Any:
        """The signatures of the version asked for."""
        async with _errors_as_statuses(context):
            _check_metadata_fields(request)
            version = self._find(request)
            signatures = tfs.get_model_metadata_pb2.SignatureDefMap()
            for name, signature in version.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
            response = tfs.get_model_metadata_pb2.GetModelMetadataResponse(model_spec=_model_spec(request, version))
            response.metadata[SIGNATURE_DEF].Pack(signatures)
            return response

    def _find(self, request: Any) -> ServedVersion:
        number = _version_number(request)
        if not request.model_spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        return self._versions.find(request.model_spec.name, number)

    @asynccontextmanager
    async def _admitted(self) -> AsyncGenerator[None]:
        if self._pending >= self._max_pending:
            raise ServingError(code_pb2.UNAVAILABLE, f"{self._pending} predictions are waiting already: try again.")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """tensorflow.serving.ModelService: the versions and their states. Its configuration cannot be reloaded.

    Args:
        versions: what is served.
    """

    def __init__(self, versions: ModelVersions) -> None:
        self._versions = versions

    async def GetModelStatus(self, request: Any, context: Context) -> Any:
        """How far each version has come, the newest first."""
        async with _errors_as_statuses(context):
            number = _version_number(request)
            statuses = self._versions.statuses(request.model_spec.name, number)
            return tfs.get_model_status_pb2.GetModelStatusResponse(
                model_version_status=[_status_message(status) for status in statuses]
            )


@asynccontextmanager
async def _errors_as_statuses(context: Context) -> AsyncGenerator[None]:
    try:
        yield
    except ServingError as error:
        await context.abort(_STATUS_CODES[error.code], error.message)


def _version_number(request: Any) -> int | None:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    spec = request.model_spec
    if spec.HasField("version_label"):
        # Labels are given to versions by a configuration file, and there is none.
        raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
    return spec.version.value if spec.HasField("version") else None


def _check_metadata_fields(request: Any) -> None:
    if not request.metadata_field:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise invalid_argument(f"Metadata field {field} is not supported")


def _model_spec(request: Any, version: ServedVersion, signature_name: str = "") -> Any:
    spec = tfs.model_pb2.ModelSpec(name=request.model_spec.name, signature_name=signature_name)
    spec.version.value = version.number
    return spec


def _status_message(status: VersionStatus) -> Any:
    message = tfs.get_model_status_pb2.ModelVersionStatus(version=status.number, state=status.state)
    if status.error is not None:
        message.status.error_code = status.error.code
        message.status.error_message = status.error.message
    return message
