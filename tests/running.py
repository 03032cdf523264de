"""The whole system as `make run` starts it, its processes found from outside."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil
import stamina

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from standalone.ports import free_ports

START_TIMEOUT_S: Final = 180
STOP_TIMEOUT_S: Final = 60

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "model-server": ("standalone.model_server",),
    "emotion": ("services.emotion",),
    "redis": ("redis-server",),
    "recommender": ("services.recommender",),
    "worker": ("services.recommender", "worker", "--queue", LIGHT_QUEUE),
    "heavy-worker": ("services.recommender", "worker", "--queue", HEAVY_QUEUE),
    "beat": ("services.recommender", "beat"),
    "gateway": ("services.gateway",),
}
"""How the command of each part ends."""


@dataclass(frozen=True)
class Stack:
    """A running system."""

    process: subprocess.Popen[str]
    gateway_url: str
    emotion_address: str
    data_dir: Path

    def user(self, user_id: str) -> str:
        """The URL of a person."""
        return f"{self.gateway_url}/v1/users/{user_id}"

    def part(self, name: str) -> psutil.Process:
        """The process of one of `PARTS`.

        Raises:
            LookupError: it does not run.
        """
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if _part_of(child) == name:
                return child
        raise LookupError(name)

    def pids(self) -> dict[str, int]:
        """The process of every part that runs."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        # Of a worker with processes of its own, the first.
        return {name: child.pid for child in reversed(children) if (name := _part_of(child))}


def _part_of(process: psutil.Process) -> str | None:
    try:
        # Redis writes its whole title into the first word.
        words = " ".join(process.cmdline()).split()
    except psutil.Error:
        return None
    words = words[2:] if words[1:2] == ["-m"] else [word.rpartition("/")[2] for word in words[:1]]
    return next((name for name, end in PARTS.items() if tuple(words) == end), None)


@contextmanager
def running_stack(data_dir: Path, settings: Mapping[str, str]) -> Generator[Stack]:
    """Run it without a demo person while open; what it printed is printed afterwards.

    Args:
        settings: beside those of the environment, of which the addresses of Redis and databases are left out.
    """
    gateway_port, emotion_port = free_ports(2)
    environment = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "DATABASE_URL"}}
    environment |= {"GATEWAY_PORT": str(gateway_port), "EMOTION_PORT": str(emotion_port), **settings}
    command = [sys.executable, "-m", "standalone", "--no-demo", "--data-dir", str(data_dir)]
    with (data_dir / "terminal.txt").open("w+") as terminal:
        with subprocess.Popen(
            command, env=environment, stdout=terminal, stderr=subprocess.STDOUT, text=True
        ) as process:
            running = Stack(process, f"http://127.0.0.1:{gateway_port}", f"127.0.0.1:{emotion_port}", data_dir)
            try:
                wait_until_ready(running)
                yield running
            finally:
                stop(process)
        terminal.seek(0)
        print(terminal.read(), file=sys.stderr)  # noqa: T201  (shown when a test fails)


def stop(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C does."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_S)


def wait_until_ready(stack: Stack) -> None:
    """Wait until the gateway says that everything behind it is there."""
    for attempt in stamina.retry_context(on=httpx.HTTPError, attempts=None, timeout=START_TIMEOUT_S, wait_max=1.0):
        with attempt:
            assert stack.process.poll() is None, "the stack ended while starting"
            httpx.get(f"{stack.gateway_url}/health/ready", timeout=5, trust_env=False).raise_for_status()
