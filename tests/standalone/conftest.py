"""Small models, and the model server as a process of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from standalone.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0

RunModelServer = Callable[[Path], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with versions 1 and 2 of a model that follows contracts/model.py."""
    folder = tmp_path_factory.mktemp("tiny-models")
    command = [sys.executable, str(Path(__file__).with_name("tiny_model.py")), str(folder), "1", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    made = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=START_TIMEOUT_S)
    assert made.returncode == 0, made.stderr.decode()
    return folder


@contextmanager
def running(base_path: Path) -> Generator[str]:
    """Run the model server as a process; yields its address as soon as it listens, loaded or not."""
    port = free_ports(1)[0]
    environment = os.environ | {"MODEL_SERVER_PORT": str(port), "MODEL_SERVER_BASE_PATH": str(base_path)}
    environment["MODEL_SERVER_POLL_INTERVAL_S"] = "0.1"
    command = [sys.executable, "-m", "standalone.model_server"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        address = f"127.0.0.1:{port}"
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(timeout=START_TIMEOUT_S)
        try:
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 0, log.decode()


@pytest.fixture(scope="session")
def run_model_server() -> RunModelServer:
    """Runs the model server over a folder for as long as the returned context is open, and checks that it ends well."""
    return running


@pytest.fixture(scope="session")
def await_health() -> Callable[[str], None]:
    """Waits until the server at an address says that it serves."""
    return serving


def serving(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for response in health.Watch(health_pb2.HealthCheckRequest(), timeout=START_TIMEOUT_S):
            if response.status == health_pb2.HealthCheckResponse.SERVING:
                return


@pytest.fixture(scope="session")
def embedded_address(
    run_model_server: RunModelServer,
    await_health: Callable[[str], None],
    tiny_models: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Our own model server, serving version 1 of the tiny model."""
    base_path = tmp_path_factory.mktemp("models")
    shutil.copytree(tiny_models / "1", base_path / "1")
    with run_model_server(base_path) as address:
        await_health(address)
        yield address
