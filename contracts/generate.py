"""Generate contracts/pb from protos/: `python -m contracts.generate [--check]`.

With `--check` nothing is written; the exit status is 1 if the committed stubs differ from what protos/ gives.
"""

import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "contracts" / "pb"
TIMEOUT_S = 60


def generate(target: Path) -> None:
    """Write the modules and their types for every .proto file below `target`."""
    names = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    scripts = Path(sys.prefix, "bin")
    plugins = [f"--plugin=protoc-gen-{name}={scripts}/protoc-gen-{name}" for name in ("mypy", "mypy_grpc")]
    outputs = [f"--{name}_out={target}" for name in ("python", "grpc_python")]
    outputs += [f"--{name}_out=quiet:{target}" for name in ("mypy", "mypy_grpc")]
    # In a process of its own: its C++ protobuf does not live beside TensorFlow's.
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *plugins, *outputs, *names]
    subprocess.run(protoc, check=True, timeout=TIMEOUT_S)
    for package in {target, *(path.parent for path in target.rglob("*_pb2.py"))}:
        for folder in (package, *package.relative_to(target).parents):
            (target / folder / "__init__.py").touch()
    for path in target.rglob("*.py*"):
        path.write_text(_below_contracts(path.read_text()))


def _below_contracts(source: str) -> str:
    # protoc knows no Python package prefix: its imports start at the proto root.
    source = re.sub(r"^(from|import) emoverse\b", r"\1 contracts.pb.emoverse", source, flags=re.MULTILINE)
    return re.sub(r"(?<![\w./\"'])emoverse\.v1\.(\w+_pb2)", r"contracts.pb.emoverse.v1.\1", source)


def _differences(left: Path, right: Path) -> list[str]:
    names = {path.relative_to(root) for root in (left, right) for path in root.rglob("*.py*") if path.suffix != ".pyc"}
    _, different, missing = filecmp.cmpfiles(left, right, [str(name) for name in names], shallow=False)
    return sorted(different + missing)


def main(check: Annotated[bool, typer.Option(help="Compare instead of writing.")] = False) -> None:
    """Regenerate the gRPC stubs."""
    with tempfile.TemporaryDirectory() as folder:
        # A folder of its own making: a temporary one is closed to others, and its mode would be copied.
        fresh = Path(folder, "pb")
        fresh.mkdir()
        generate(fresh)
        if not check:
            shutil.rmtree(STUBS, ignore_errors=True)
            shutil.copytree(fresh, STUBS)
        elif stale := _differences(fresh, STUBS):
            sys.exit(f"contracts/pb differs from protos/: {', '.join(stale)}. Run `make stubs` and commit the result.")


if __name__ == "__main__":
    typer.run(main)
