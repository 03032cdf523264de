"""The process as an operator starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import jwt
import stamina

from standalone.ports import free_ports

COMMAND = [sys.executable, "-m", "services.gateway"]
AWAY = {"GATEWAY_OPEN": "true", "REDIS_URL": "redis://127.0.0.1:1", "RECOMMENDER_ADDRESS": "127.0.0.1:1"}


@contextmanager
def gateway(port: int) -> Generator[subprocess.Popen[str]]:
    """A gateway whose dependencies are all away, ready for requests."""
    environment = os.environ | AWAY | {"GATEWAY_PORT": str(port)}
    with subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            for attempt in stamina.retry_context(on=httpx.TransportError, attempts=None, timeout=60, wait_max=0.2):
                with attempt:
                    httpx.get(f"http://127.0.0.1:{port}/health/live").raise_for_status()
            yield process
        finally:
            process.kill()


def test_sigterm_ends_open_channels_and_exits_with_0():
    (port,) = free_ports(1)
    with (
        gateway(port) as process,
        httpx.stream("GET", f"http://127.0.0.1:{port}/v1/users/ada/live", timeout=30) as response,
    ):
        lines = response.iter_lines()
        assert next(lines).startswith("id: ")
        process.send_signal(signal.SIGTERM)
        assert any("shutting_down" in line for line in lines)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_busy_port_is_named_with_what_to_set():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        environment = os.environ | AWAY | {"GATEWAY_PORT": str(busy.getsockname()[1])}
        ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "GATEWAY_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_setting_is_named():
    environment = os.environ | {"GATEWAY_PORT": "http"}
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith("GATEWAY_PORT: ")


def test_the_demo_persons_token_is_good_for_that_person_alone():
    secret = "s" * 32
    environment = os.environ | {"TOKEN_SECRET": secret, "GATEWAY_DEMO_USER": "demo"}
    command = [*COMMAND, "demo-token"]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    claims = jwt.decode(printed.strip(), secret, ["HS256"], audience="emotion")
    assert claims["sub"] == "demo"


def test_without_a_demo_person_there_is_no_token():
    environment = os.environ | {"GATEWAY_DEMO_USER": ""}
    command = [*COMMAND, "demo-token"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "GATEWAY_DEMO_USER" in ended.stderr
