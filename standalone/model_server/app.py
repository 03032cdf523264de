"""Wires the model server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from contracts.tfserving import model_service_pb2_grpc, prediction_service_pb2_grpc
from servicekit.background import in_background
from servicekit.grpc_server import HealthReporter, create_server, serving
from standalone.model_server.litert_runtime import LiteRTRuntime
from standalone.model_server.servicer import ModelServicer, PredictionServicer
from standalone.model_server.settings import ModelServerSettings
from standalone.model_server.tensorflow_runtime import TensorFlowRuntime
from standalone.model_server.versions import ModelVersions

SERVICE_NAME: Final = "tensorflow.serving.PredictionService"

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_model_server(settings: ModelServerSettings) -> AsyncGenerator[int]:
    """Serve while open; yields the bound port. Listens at once, and is healthy when a version is loaded.

    Raises:
        ConfigurationError: the port cannot be bound, or a certificate cannot be read.
    """
    runtime = LiteRTRuntime(TensorFlowRuntime(settings.intra_op_threads))
    versions = ModelVersions(settings.model_name, settings.base_path, runtime, settings.threads)
    limit = settings.max_message_bytes
    server, health = await create_server(
        SERVICE_NAME, [("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)]
    )
    prediction = PredictionServicer(versions, settings.max_pending, limit)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(prediction, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelServicer(versions), server)
    async with serving(server, f"{settings.host}:{settings.port}", "MODEL_SERVER_PORT", settings.inside) as port:
        _log.info("listening", port=port, base_path=str(settings.base_path))
        async with in_background(_follow(versions, health, settings.base_path, settings.poll_interval_s)):
            yield port
    await versions.close()


async def _follow(versions: ModelVersions, health: HealthReporter, base_path: Path, interval_s: float) -> None:
    warned = False
    while True:
        try:
            await versions.poll()
        except OSError as error:
            _log.warning("the model folder could not be read", base_path=str(base_path), error=str(error))
        await health.set_serving(versions.is_serving)
        if not versions.is_serving and not warned:
            warned = True
            _log.warning(
                "no model to serve yet",
                base_path=str(base_path),
                advice="Put a SavedModel into a folder there that is named by its version number, or set "
                "MODEL_SERVER_BASE_PATH.",
            )
        await asyncio.sleep(interval_s)
