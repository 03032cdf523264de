"""`python -m services.emotion` as an operator meets it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from standalone.ports import free_ports

MAX_RSS_BYTES = 200 * 2**20


@contextmanager
def emotion_process(**variables: str) -> Generator[subprocess.Popen[str]]:
    environment = {**os.environ, "LOG_FORMAT": "json", **variables}
    command = [sys.executable, "-m", "services.emotion"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_starts_without_model_and_redis_stays_small_and_stops_cleanly():
    port, nothing = free_ports(2)
    with emotion_process(
        EMOTION_PORT=str(port), TFSERVING_ADDRESS=f"127.0.0.1:{nothing}", REDIS_URL=f"redis://127.0.0.1:{nothing}/0"
    ) as process:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)  # its types know the asynchronous one only
            answer = health.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=60)
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert psutil.Process(process.pid).memory_info().rss < MAX_RSS_BYTES
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_a_busy_port_is_named_with_the_setting_that_changes_it():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with emotion_process(EMOTION_PORT=str(port)) as process:
            assert process.wait(timeout=60) == 1
            assert process.stderr
            said = process.stderr.read()
    assert f"127.0.0.1:{port}" in said
    assert "EMOTION_PORT" in said
    assert "Traceback" not in said


def test_a_wrong_setting_is_named():
    with emotion_process(EMOTION_PORT="many") as process:
        assert process.wait(timeout=60) == 2
        assert process.stderr
        assert "EMOTION_PORT" in process.stderr.read()
