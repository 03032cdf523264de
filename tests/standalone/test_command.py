"""`python -m standalone`: what it refuses, and that whatever ends it leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import stamina

from standalone.ports import LOOPBACK, free_ports

TIMEOUT_S = 60.0

pytestmark = pytest.mark.timeout(180)


def launch(data_dir: Path, **settings: str) -> subprocess.Popen[str]:
    gateway_port, emotion_port = free_ports(2)
    environment = {"GATEWAY_PORT": str(gateway_port), "EMOTION_PORT": str(emotion_port)} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "standalone", "--no-demo", "--data-dir", str(data_dir)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outcome(data_dir: Path, **settings: str) -> tuple[int, str]:
    with launch(data_dir, **settings) as process:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, " ".join(output.split())


@contextmanager
def starting(data_dir: Path) -> Generator[tuple[psutil.Process, list[psutil.Process]]]:
    """A run with its first part ready, and every process of it."""
    with launch(data_dir) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("ready"):
            assert line, "it ended while starting"
        root = psutil.Process(process.pid)
        try:
            yield root, root.children(recursive=True)
        finally:
            process.kill()


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.5)
def assert_gone(family: list[psutil.Process]) -> None:
    assert not [process for process in family if alive(process)]


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("variable", ["GATEWAY_PORT", "EMOTION_PORT"])
def test_a_busy_port_is_named_with_what_to_set(tmp_path: Path, variable: str):
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output = outcome(tmp_path, **{variable: str(port)})
    assert status == 1
    assert f"Port {port} on {LOOPBACK} is in use. Free it, or set {variable} to another one." in output


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path):
    status, output = outcome(tmp_path, GATEWAY_PORT="eighty")
    assert status == 2
    assert output.startswith("GATEWAY_PORT:")


def test_a_redis_that_is_not_there_is_named(tmp_path: Path):
    url = f"redis://{LOOPBACK}:{free_ports(1)[0]}/0"
    status, output = outcome(tmp_path, REDIS_URL=url, STANDALONE_READY_TIMEOUT_S="0.5")
    assert status == 1
    assert "failed redis is not ready" in output
    assert "REDIS_URL" in output


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_stops_everything_with_status_0(tmp_path: Path, signals: list[signal.Signals]):
    with starting(tmp_path) as (root, family):
        for number in signals:
            root.send_signal(number)
        assert root.wait(TIMEOUT_S) == 0
        assert_gone(family)


def test_a_second_run_on_the_same_directory_is_refused_and_a_killed_first_one_leaves_nothing(tmp_path: Path):
    with starting(tmp_path) as (root, family):
        status, output = outcome(tmp_path)
        assert status == 1
        assert f"Another run uses {tmp_path}." in output
        assert root.is_running()
        root.kill()
        assert_gone(family)
