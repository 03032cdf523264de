"""The model server as a process: what it does while it loads, when versions come and go, and at its limits."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np
import pytest
import stamina

from contracts.model import FACE_SIZE_PX, INPUT_NAME, MODEL_NAME
from contracts.tfserving import tfs
from servicekit.grpc_channel import open_channel
from servicekit.tls import Tls
from standalone.model_server.app import open_model_server
from standalone.model_server.settings import ModelServerSettings
from standalone.model_server.tensors import to_proto
from tests.certificates import Authority

TIMEOUT_S = 20.0
State = tfs.get_model_status_pb2.ModelVersionStatus

RunModelServer = Callable[[Path], AbstractContextManager[str]]


class Client(NamedTuple):
    """Both services of one server."""

    prediction: Any
    model_service: Any

    async def served_version(self) -> int:
        request = tfs.predict_pb2.PredictRequest()
        request.model_spec.name = MODEL_NAME
        request.inputs[INPUT_NAME].CopyFrom(to_proto(np.zeros((1, FACE_SIZE_PX, FACE_SIZE_PX, 1), np.uint8)))
        return (await self.prediction.Predict(request, timeout=TIMEOUT_S)).model_spec.version.value

    async def states(self) -> dict[int, Any]:
        request = tfs.get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = MODEL_NAME
        response = await self.model_service.GetModelStatus(request, timeout=TIMEOUT_S)
        return {status.version: status for status in response.model_version_status}

    @stamina.retry(
        on=(AssertionError, KeyError, grpc.RpcError), attempts=None, timeout=60, wait_initial=0.1, wait_max=0.5
    )
    async def await_state(self, version: int, state: int) -> Any:
        status = (await self.states())[version]
        assert status.state == state
        return status


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    """Where the server looks, not there yet."""
    return tmp_path / "models"


@pytest.fixture
async def client(base_path: Path, run_model_server: RunModelServer) -> AsyncIterator[Client]:
    with run_model_server(base_path) as address:
        async with grpc.aio.insecure_channel(address) as channel:
            yield Client(
                tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel),
                tfs.model_service_pb2_grpc.ModelServiceStub(channel),
            )


async def test_versions_come_and_go_while_it_serves(client: Client, base_path: Path, tiny_models: Path):
    # One process for the whole life: starting one costs seconds.
    with pytest.raises(grpc.aio.AioRpcError, match="Servable not found") as nothing_yet:
        await client.served_version()
    assert nothing_yet.value.code() == grpc.StatusCode.NOT_FOUND

    shutil.copytree(tiny_models / "1", base_path / "1")
    await client.await_state(1, State.AVAILABLE)
    assert await client.served_version() == 1

    shutil.copytree(tiny_models / "2", base_path / "3", ignore=shutil.ignore_patterns("saved_model.pb"))
    (base_path / "4").mkdir()
    (base_path / "4" / "saved_model.pb").write_bytes(b"not a model")
    broken = await client.await_state(4, State.END)
    assert broken.status.error_code != 0
    assert broken.status.error_message
    assert 3 not in await client.states(), "half-copied"
    assert await client.served_version() == 1

    shutil.copy(tiny_models / "2" / "saved_model.pb", base_path / "3")
    await client.await_state(3, State.AVAILABLE)
    assert await client.served_version() == 3
    await client.await_state(1, State.END)


async def test_what_it_does_not_offer_is_unimplemented(embedded_address: str):
    async with grpc.aio.insecure_channel(embedded_address) as channel:
        client = Client(
            tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel),
            tfs.model_service_pb2_grpc.ModelServiceStub(channel),
        )
        classify = channel.unary_unary("/tensorflow.serving.PredictionService/Classify")
        reload = channel.unary_unary("/tensorflow.serving.ModelService/HandleReloadConfigRequest")
        for call in (classify, reload):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(b"", timeout=TIMEOUT_S)
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert await client.served_version() == 1


async def test_a_request_beyond_the_limit_is_refused_and_the_next_one_answered(embedded_address: str):
    async with grpc.aio.insecure_channel(embedded_address, [("grpc.max_send_message_length", -1)]) as channel:
        client = Client(tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel), None)
        request = tfs.predict_pb2.PredictRequest()
        request.inputs[INPUT_NAME].tensor_content = bytes(33 * 1024 * 1024)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.prediction.Predict(request, timeout=TIMEOUT_S)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await client.served_version() == 1


async def test_with_certificates_it_lets_in_only_who_shows_one(base_path: Path, tmp_path: Path):
    ours = Authority(tmp_path / "ours")
    own, client = ours.vouch("localhost"), ours.vouch("emotion")
    pair = {"tls_certificate_file": own.certificate, "tls_key_file": own.key}
    settings = ModelServerSettings(port=0, base_path=base_path).model_copy(update={"tls_ca_file": ours.ca_file, **pair})
    async with open_model_server(settings) as port:
        for tls, code in (
            (Tls(ours.ca_file, client.certificate, client.key), grpc.StatusCode.NOT_FOUND),
            (Tls(ours.ca_file), grpc.StatusCode.UNAVAILABLE),
            (None, grpc.StatusCode.UNAVAILABLE),
        ):
            async with open_channel(f"localhost:{port}", tls=tls) as channel:
                stub = tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel)
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await Client(stub, None).served_version()
                assert caught.value.code() == code


def test_a_busy_port_is_named_with_what_to_set():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = os.environ | {"MODEL_SERVER_PORT": str(taken.getsockname()[1])}
        command = [sys.executable, "-m", "standalone.model_server"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "MODEL_SERVER_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
