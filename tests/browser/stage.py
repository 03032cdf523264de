"""What a browser test and the screenshots need: the whole system, a fake webcam, and Chromium."""

import csv
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import httpx
import psutil
import stamina
from playwright.sync_api import Browser, Playwright

from contracts.recommendation import Kind
from services.capture.demo import HEIGHT_PX, WIDTH_PX, demo_frames
from services.gateway.accounts.opening import add_operator
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports

START_TIMEOUT_S: Final = 180
STOP_TIMEOUT_S: Final = 60

CLIP_FPS: Final = 5
CLIP_S: Final = 14
"""The demo's neutral and happy scenes; the browser plays them again and again."""

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
)


@dataclass(frozen=True)
class System:
    """The running system."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path
    """Where its databases are."""

    def add_operator(self, name: str, password: str) -> None:
        """Add somebody who may operate it."""
        add_operator(GatewaySettings(database_url=f"sqlite:///{self.folder}/gateway.db"), name, password)

    def import_item(self, kind: Kind, **cells: str) -> None:
        """Have an item imported, as an operator would from a file, and known to the recommender."""
        read_before = self._catalogues_read()
        file = self.folder / "item.csv"
        with file.open("w", newline="") as lines:
            csv.writer(lines).writerows([cells.keys(), cells.values()])
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{self.folder}/emoverse.db"}
        command = [sys.executable, "-m", "services.recommender", "import", kind, str(file), "--format", "plain"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=START_TIMEOUT_S)
        for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=START_TIMEOUT_S, wait_max=1.0):
            with attempt:
                assert self._catalogues_read() > read_before

    def _catalogues_read(self) -> int:
        return (self.folder / "logs" / "recommender.log").read_text().count("catalogue read")

    def kill_gateway(self) -> None:
        """End the gateway at once; it is started again."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        next(child for child in children if child.cmdline()[-1:] == ["services.gateway"]).kill()


@contextmanager
def running_system(folder: Path, more: Mapping[str, str] | None = None) -> Generator[System]:
    """The whole system as `make run` starts it, without the demo and on ports of its own; its files lie in `folder`.

    Args:
        more: of its environment.
    """
    gateway_port, emotion_port = free_ports(2)
    environment = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "DATABASE_URL"}}
    environment |= {"GATEWAY_PORT": str(gateway_port), "EMOTION_PORT": str(emotion_port)}
    command = [sys.executable, "-m", "standalone", "--no-demo", "--data-dir", str(folder)]
    url = f"http://127.0.0.1:{gateway_port}"
    environment |= {"GATEWAY_PUBLIC_URL": url, **(more or {})}
    with (
        (folder / "terminal.txt").open("wb") as terminal,
        subprocess.Popen(command, env=environment, stdout=terminal, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_ready(process, url)
            yield System(process, url, folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_TIMEOUT_S)


@stamina.retry(on=httpx.HTTPError, attempts=None, timeout=START_TIMEOUT_S, wait_max=1.0)
def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    if process.poll() is not None:
        raise RuntimeError("the system ended while starting")
    httpx.get(f"{url}/health/ready", timeout=5).raise_for_status()


def write_clip(path: Path) -> None:
    """The drawn face as an uncompressed video, which the browser takes for a webcam."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH_PX} H{HEIGHT_PX} F{CLIP_FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in demo_frames(CLIP_FPS, CLIP_S):
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


def find_chromium() -> str | None:
    """The program of an installed Chromium."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch(playwright: Playwright, chromium: str, clip: Path | None) -> Browser:
    """A browser whose user lets every page watch `clip` as their camera, or refuses the camera where there is none."""
    allowed = ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={clip}"]
    flags = [*_FLAGS, *(allowed if clip else ["--deny-permission-prompts"])]
    return playwright.chromium.launch(executable_path=chromium, args=flags)
