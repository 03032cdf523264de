"""The compose stack as a test sees it: brought up from a copy of the project, driven by its command line."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROJECT: Final = "emoverse-stack-test"
BASES: Final = ("python:3.11-slim-bookworm", "redis:7-alpine", "postgres:15-alpine", "haproxy:2.6-alpine")
"""What the stack is made from, apart from TensorFlow Serving."""
MODEL_IMAGE: Final = "tensorflow/serving:2.20.0"


class StackError(Exception):
    """A command of the engine failed; the message holds the end of its output."""


def engine_problem() -> str | None:
    """Why no stack can be run here; None if one can."""
    if compose_command() is None:
        return "neither `docker compose` nor docker-compose is installed"
    if not _succeeds("info"):
        return "the Docker engine does not answer"
    missing = [image for image in BASES if not (_succeeds("image", "inspect", image) or _succeeds("pull", "-q", image))]
    return f"neither here nor to be pulled: {', '.join(missing)}" if missing else None


class Stack:
    """One project of its own on the engine at hand.

    Args:
        folder: gets a copy of what git knows of the project, so that the compose file runs as it is, and its model
            folder and secrets can be changed.
        environment: the variables of `.env` that differ from the example.
        in_tls: with certificates made for localhost, outside and inside.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], *, in_tls: bool = False) -> None:
        self.folder = folder
        self._files = ["docker-compose.yml"]
        self.ca_file: Path | None = None
        """Who vouches for the entrance; None where it speaks plainly."""
        # docker-compose looks for the same client that is used here.
        path = f"{Path(_docker()).parent}:{os.environ.get('PATH', '')}"
        build = {"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}
        self._environment = {**os.environ, **build, "PATH": path, **environment}
        listed = subprocess.run([_found("git"), "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        subprocess.run([folder / "deploy" / "secrets.sh"], check=True, capture_output=True)
        if in_tls:
            subprocess.run([folder / "deploy" / "certificates.sh", "localhost"], check=True, capture_output=True)
            self._files.append("docker-compose.tls.yml")
            self.ca_file = folder / "deploy" / "certificates" / "ca.pem"

    def compose(self, *arguments: str, timeout_s: float = 120) -> str:
        """Run a command of compose and return what it wrote.

        Raises:
            StackError: it failed.
        """
        files = [part for name in self._files for part in ("-f", name)]
        return self._run([*(compose_command() or ()), "-p", PROJECT, *files, *arguments], timeout_s)

    def refusal(self, *arguments: str) -> str:
        """What compose says when a command fails.

        Raises:
            StackError: it did not fail.
        """
        try:
            self.compose(*arguments)
        except StackError as error:
            return str(error)
        raise StackError(f"this should have failed: {' '.join(arguments)}")

    def docker(self, *arguments: str, timeout_s: float = 60) -> str:
        """Run a command of the engine and return what it wrote.

        Raises:
            StackError: it failed.
        """
        return self._run([_docker(), *arguments], timeout_s)

    def containers(self, service: str, *, running: bool = True) -> list[str]:
        """The ids of a service's containers."""
        labels = (f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        return self.docker("ps", "-q", *([] if running else ["-a"]), *filters).split()

    def fetch(self, url: str) -> str:
        """What a page inside the stack's own network says."""
        script = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=5).read().decode())"
        return self.docker("exec", self.containers("gateway")[0], "python", "-c", script)

    def image_sizes_mb(self) -> dict[str, int]:
        """Of the images that are built, by service."""
        sizes: dict[str, int] = {}
        for name in ("capture", "emotion", "recommender", "gateway"):
            inspected: list[dict[str, Any]] = json.loads(self.docker("image", "inspect", f"emoverse/{name}"))
            sizes[name] = round(inspected[0]["Size"] / 1e6)
        return sizes

    def bring_model_server(self) -> str:
        """Make sure that there is an image of TensorFlow Serving; returns what it is."""
        known = subprocess.run(
            [_docker(), "image", "inspect", MODEL_IMAGE], check=False, capture_output=True, timeout=30
        )
        if known.returncode == 0 and not self._is_stand_in():
            return MODEL_IMAGE
        pulled = subprocess.run([_docker(), "pull", "-q", MODEL_IMAGE], check=False, capture_output=True, timeout=600)
        if pulled.returncode == 0:
            return MODEL_IMAGE
        server = "emoverse/model-server"
        self.docker(
            "build", "-q", "-f", "deploy/Dockerfile", "--target", "model-server", "-t", server, ".", timeout_s=900
        )
        arguments = ("--build-arg", f"MODEL_SERVER_IMAGE={server}")
        self.docker("build", "-q", *arguments, "-t", MODEL_IMAGE, "tests/stack", timeout_s=120)
        if self.ca_file:
            self._files.append("tests/stack/stand-in.tls.yml")
        return f"a stand-in for {MODEL_IMAGE}, made of the project's own model server"

    def leftovers(self) -> list[str]:
        """What of this project is still on the engine."""
        label = f"label=com.docker.compose.project={PROJECT}"
        listings = (("ps", "-aq"), ("volume", "ls", "-q"), ("network", "ls", "-q"))
        return [line for listing in listings for line in self.docker(*listing, "--filter", label).split()]

    def _is_stand_in(self) -> bool:
        inspected: list[dict[str, Any]] = json.loads(self.docker("image", "inspect", MODEL_IMAGE))
        return not any("tf_serving" in part for part in inspected[0]["Config"]["Entrypoint"] or ())

    def _run(self, command: list[str], timeout_s: float) -> str:
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if result.returncode:
            raise StackError(f"{' '.join(command)}\n{(result.stdout + result.stderr)[-2000:]}")
        return result.stdout


def wait_for(what: str, happened: Any, timeout_s: float) -> float:
    """Ask until `happened()` is true; returns the seconds that took.

    Raises:
        StackError: it did not become true.
    """
    start = time.monotonic()
    while time.monotonic() - start < timeout_s:
        if happened():
            return time.monotonic() - start
        time.sleep(0.25)
    raise StackError(f"after {timeout_s:.0f} s still not: {what}")


def _docker() -> str:
    # Some machines shadow the engine's client by another tool of that name.
    return "/usr/bin/docker" if Path("/usr/bin/docker").exists() else _found("docker")


def _succeeds(*arguments: str) -> bool:
    command = [_docker(), *arguments]
    return subprocess.run(command, check=False, capture_output=True, timeout=600).returncode == 0


def _found(program: str) -> str:
    return shutil.which(program) or program


def compose_command() -> list[str] | None:
    """What runs compose here; None if nothing does."""
    plugin = subprocess.run([_docker(), "compose", "version"], check=False, capture_output=True, timeout=30)
    if plugin.returncode == 0 and b"Compose" in plugin.stdout:
        return [_docker(), "compose"]
    found = shutil.which("docker-compose", path="/usr/bin:" + os.environ.get("PATH", ""))
    return [found] if found else None
