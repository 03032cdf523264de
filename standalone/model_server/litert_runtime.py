"""LiteRT beside another runtime: where a version brings its network for LiteRT too, faces are read with that.

With XNNPACK and 8-bit weights it needs a fraction of the processor time of the same network in TensorFlow, and its
answers differ in the third decimal. Every other output and signature is answered by the other runtime.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from ai_edge_litert.interpreter import Interpreter

from contracts.model import FACE_SIZE_PX, INPUT_NAME, LITERT_FILE, PROBABILITIES, SIGNATURE_NAME
from standalone.model_server.runtime import Array, LoadedModel, Runtime, SignatureDef

TOLERANCE: Final = 0.1
"""How far a probability may be from the other runtime's, on the pictures a version is tried with when it is loaded."""
TRIAL_PICTURES: Final = 8
TRIAL_BLOCK_PX: Final = 8

_log = structlog.get_logger(__name__)


class LiteRTRuntime:
    """Loads a version with another runtime, and its LiteRT form where there is one that agrees.

    Args:
        inner: the other runtime.
    """

    def __init__(self, inner: Runtime) -> None:
        self._inner = inner

    def is_complete(self, folder: Path) -> bool:
        """Whether the folder holds a model of the other runtime."""
        return self._inner.is_complete(folder)

    def load(self, folder: Path) -> LoadedModel:
        """Load a model.

        Raises:
            ServingError: the folder does not hold a model that works.
        """
        model = self._inner.load(folder)
        path = folder / LITERT_FILE
        if not path.is_file():
            return model
        try:
            quick = LiteRTModel(model, path.read_bytes())
            problem = _disagreement(quick, model)
        except (OSError, ValueError, RuntimeError) as error:
            quick, problem = model, f"it does not run: {error}"
        if problem:
            _log.warning("a version is served without its LiteRT form", file=str(path), problem=problem)
            return model
        return quick


class LiteRTModel:
    """A model whose probabilities LiteRT computes.

    Args:
        model: answers everything else.
        content: of a `LITERT_FILE`.
    """

    def __init__(self, model: LoadedModel, content: bytes) -> None:
        self.signatures: Mapping[str, SignatureDef] = model.signatures
        self._model = model
        # Not the file: a thread's interpreter is made at its first call, when the file may be another one, or gone.
        self._content = content
        self._local = threading.local()

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run one signature.

        Raises:
            ServingError: the other runtime refused.
        """
        if signature_name != SIGNATURE_NAME or list(outputs) != [PROBABILITIES]:
            return self._model.predict(signature_name, inputs, outputs)
        # One face at a time costs no more than a batch, and what a face is read as never depends on its company.
        rows = [self._read(face) for face in inputs[INPUT_NAME]]
        return {PROBABILITIES: np.stack(rows)} if rows else self._model.predict(signature_name, inputs, outputs)

    def _read(self, face: Array) -> Array:
        interpreter = self._interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face[np.newaxis])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    def _interpreter(self) -> Any:
        # An interpreter holds the tensors of one call, so each thread has its own.
        if not hasattr(self._local, "interpreter"):
            interpreter: Any = Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
            self._local.interpreter = interpreter
        return self._local.interpreter

    def close(self) -> None:
        """Free what the model holds."""
        self._local = threading.local()
        self._model.close()


def _disagreement(quick: LoadedModel, model: LoadedModel) -> str:
    """What is wrong with the LiteRT form; empty where nothing is."""
    pictures = _trial_pictures()
    first, second = (
        each.predict(SIGNATURE_NAME, {INPUT_NAME: pictures}, [PROBABILITIES])[PROBABILITIES].astype(float)
        for each in (quick, model)
    )
    apart = float(np.abs(first - second).max())
    # Of what is no number every comparison is false.
    return "" if apart <= TOLERANCE else f"its answers are {apart:.2f} from the SavedModel's"


def _trial_pictures() -> Array:
    blocks = FACE_SIZE_PX // TRIAL_BLOCK_PX
    coarse = np.random.default_rng(0).integers(0, 256, (TRIAL_PICTURES, blocks, blocks, 1), np.uint8)
    return coarse.repeat(TRIAL_BLOCK_PX, axis=1).repeat(TRIAL_BLOCK_PX, axis=2)
