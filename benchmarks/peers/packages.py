"""The packages of others, each in an environment of its own that is made here."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers.frames import Frame
from benchmarks.peers.results import Pass
from servicekit.errors import ConfigurationError
from standalone.settings import ROOT

ENVIRONMENTS: Final = ROOT / ".cache" / "peers"
RUNNER: Final = Path(__file__).with_name("package_runner.py")
INSTALL_TIMEOUT_S: Final = 900
RUN_TIMEOUT_S: Final = 1800

DEEPFACE_WEIGHTS: Final = "facial_expression_model_weights.h5"
NEVER: Final = 'sys_platform == "never"'


@dataclass(frozen=True)
class Package:
    """A package from PyPI.

    Attributes:
        name: of the package and of its part in the runner.
        requirements: what to install.
        overrides: replace what the package itself asks for.
    """

    name: str
    requirements: Sequence[str]
    overrides: Sequence[str] = ()


_OPENCV: Final = "opencv-python-headless>=4.13,<5"
_WITHOUT_OTHER_OPENCV: Final = (f"opencv-contrib-python; {NEVER}", f"opencv-python; {NEVER}")

FER: Final = Package(
    "fer",
    # It imports pkg_resources, which newer versions of setuptools do not have.
    ("fer==25.10.3", "tensorflow-cpu==2.21.0", "setuptools<81", _OPENCV),
    # PyTorch serves its other detector only; OpenCV 5 has no cascades.
    (*_WITHOUT_OTHER_OPENCV, f"facenet-pytorch; {NEVER}", f"tensorflow; {NEVER}"),
)
DEEPFACE: Final = Package(
    "deepface",
    ("deepface==0.0.95", "tf-keras==2.21.0", "tensorflow-cpu==2.21.0", _OPENCV),
    (*_WITHOUT_OTHER_OPENCV, f"opencv-contrib-python-headless; {NEVER}", f"tensorflow; {NEVER}"),
)


def deepface_weights() -> Path:
    """Where deepface looks for the weights of its emotion model, which it otherwise downloads from GitHub."""
    return Path(os.environ.get("DEEPFACE_HOME", Path.home()), ".deepface", "weights", DEEPFACE_WEIGHTS)


def run(package: Package, frames: Sequence[Frame]) -> Pass:
    """Let a package read the frames, in a process of its own.

    Raises:
        ConfigurationError: its environment cannot be made, or it fails.
    """
    python = _environment(package)
    with tempfile.TemporaryDirectory(prefix="emoverse-peers-") as folder:
        for index, frame in enumerate(frames):
            Path(folder, f"{index:06}.jpg").write_bytes(frame.jpeg)
        output = _execute([str(python), str(RUNNER), package.name, folder], RUN_TIMEOUT_S)
    return Pass.model_validate_json(output.splitlines()[-1])


def _environment(package: Package) -> Path:
    folder = ENVIRONMENTS / package.name
    python, stamp = folder / "bin" / "python", folder / "requirements.in"
    wanted = "\n".join(package.requirements)
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    uv = _uv()
    _execute([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], INSTALL_TIMEOUT_S)
    overrides = folder / "overrides.in"
    overrides.write_text("\n".join(package.overrides))
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--override", str(overrides)]
    _execute([*install, *package.requirements], INSTALL_TIMEOUT_S)
    stamp.write_text(wanted)
    return python


def _uv() -> str:
    for candidate in (shutil.which("uv"), str(ROOT / ".uv" / "bin" / "uv")):
        if candidate and Path(candidate).is_file():
            return candidate
    raise ConfigurationError("uv was not found.", "Run `make setup`, which brings it.")


def _execute(command: Sequence[str], timeout_s: float) -> str:
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout_s, env=quiet)
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"{command[0]} took longer than {timeout_s} s.", "Try again.") from error
    if done.returncode != 0:
        raise ConfigurationError(f"{' '.join(command[:3])} failed: {done.stderr[-500:]}", "Look at what it said.")
    return done.stdout
