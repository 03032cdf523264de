"""TensorFlow Serving's gRPC messages and stubs, without the TensorFlow runtime.

Importing `tensorflow_serving.apis` imports `tensorflow.core.*_pb2`, and with it the whole `tensorflow` package: seconds
and hundreds of megabytes that nobody here needs. While the stubs load, a bare `tensorflow` package stands in for it:
the same folder, its `__init__` not run. Where the runtime is already loaded, that one is used.
"""

import importlib.util
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def _without_runtime() -> Generator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(
            "tensorflow.core's message modules are missing: install the standalone extra or use the image"
        )
    bare = ModuleType("tensorflow")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = bare
    try:
        yield
    finally:
        # A later `import tensorflow` must find the real package.
        del sys.modules["tensorflow"]


with _without_runtime():
    from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

tfs: Any = sys.modules[__name__]
"""This module, for code under a type checker: the messages are made at run time, and nothing in them is known to it."""

__all__ = [
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "model_pb2",
    "model_service_pb2_grpc",
    "predict_pb2",
    "prediction_service_pb2_grpc",
    "tensor_pb2",
    "tensor_shape_pb2",
    "tfs",
    "types_pb2",
]
