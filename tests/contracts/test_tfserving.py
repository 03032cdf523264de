"""The message modules load without the TensorFlow runtime, and leave the way free for it."""

import subprocess
import sys

LIGHT = """
import psutil, sys
import contracts.tfserving as tfs
tfs.predict_pb2.PredictRequest(inputs={"images": tfs.tensor_pb2.TensorProto(dtype=tfs.types_pb2.DT_UINT8)})
assert "tensorflow" not in sys.modules
assert "tensorflow.python" not in sys.modules
print(psutil.Process().memory_info().rss // 2**20)
"""


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_importing_the_messages_is_light():
    assert int(run(LIGHT)) < 120


def test_the_runtime_is_still_to_be_found_afterwards():
    find = "import contracts.tfserving, importlib.util; print(importlib.util.find_spec('tensorflow').origin)"
    assert run(find).strip().endswith("__init__.py")
