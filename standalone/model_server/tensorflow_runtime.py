"""The TensorFlow runtime: a session per model version, as in TensorFlow Serving."""

import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from google.rpc import code_pb2

from standalone.model_server.errors import ServingError
from standalone.model_server.runtime import Array, SignatureDef

SERVE_TAG: Final = "serve"
MODEL_FILE: Final = "saved_model.pb"


class TensorFlowRuntime:
    """Loads SavedModels.

    Args:
        intra_op_threads: threads that one operation may use; 0 means one a core.
    """

    def __init__(self, intra_op_threads: int = 0) -> None:
        self._intra_op_threads = intra_op_threads

    def is_complete(self, folder: Path) -> bool:
        """Whether the folder holds a SavedModel's graph."""
        return (folder / MODEL_FILE).is_file()

    def load(self, folder: Path) -> "TensorFlowModel":
        """Load a SavedModel.

        Raises:
            ServingError: the folder does not hold a SavedModel that works.
        """
        return TensorFlowModel(folder, self._intra_op_threads)


class TensorFlowModel:
    """A SavedModel in a session of its own.

    A session checks, fails and prunes to the wanted outputs exactly as TensorFlow Serving does, which runs one too.
    """

    def __init__(self, folder: Path, intra_op_threads: int) -> None:
        self._tf = import_tensorflow()
        graph = self._tf.ops.Graph()
        config = self._tf.config_pb2.ConfigProto(intra_op_parallelism_threads=intra_op_threads)
        self._session = self._tf.session.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta_graph = self._tf.loader_impl.SavedModelLoader(str(folder)).load(self._session, [SERVE_TAG])
        except Exception as error:
            self.close()
            raise self._translate(error) from error
        self.signatures: Mapping[str, SignatureDef] = dict(meta_graph.signature_def)

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run one signature.

        Raises:
            ServingError: an operation failed; the code is TensorFlow's.
        """
        signature = self.signatures[signature_name]
        feeds = {signature.inputs[alias].name: array for alias, array in inputs.items()}
        fetches = {alias: signature.outputs[alias].name for alias in outputs}
        try:
            return self._session.run(fetches, feeds)
        except (self._tf.errors_impl.OpError, ValueError, TypeError) as error:
            raise self._translate(error) from error

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def _translate(self, error: Any) -> ServingError:
        if isinstance(error, self._tf.errors_impl.OpError):
            return ServingError(error.error_code, error.message)
        code = code_pb2.NOT_FOUND if isinstance(error, OSError) else code_pb2.INVALID_ARGUMENT
        return ServingError(code, f"{type(error).__name__}: {error}")


def import_tensorflow() -> Any:
    """The parts of TensorFlow that serving needs, each under its module's name; takes seconds the first time.

    Raises:
        ImportError: the runtime is not installed.
    """
    # What goes wrong is raised; the rest is chatter.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if "tensorflow" not in sys.modules:
        sys.modules["tensorflow"] = _bare_package()
    modules = ModuleType("tensorflow-runtime")
    for name in _NEEDED:
        setattr(modules, name.rpartition(".")[2], importlib.import_module(f"tensorflow.{name}"))
    return modules


_NEEDED: Final = (
    "core.protobuf.config_pb2",
    "python.client.session",
    "python.framework.errors_impl",
    "python.framework.ops",
    "python.saved_model.loader_impl",
)


def _bare_package() -> ModuleType:
    # The package's own __init__ imports training, datasets and Keras: several times the wait and half as much memory
    # again, for nothing that a server needs.
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("the TensorFlow runtime is not installed: install the standalone extra")
    package = ModuleType("tensorflow")
    package.__path__ = list(spec.submodule_search_locations)
    return package
