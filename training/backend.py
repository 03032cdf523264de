"""What differs between the backends of Keras. KERAS_BACKEND chooses one: tensorflow, the default, torch or jax."""

from importlib import import_module
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

BACKEND: Final[str] = keras.backend.backend()

RUNTIME: Final[Any] = import_module(BACKEND)
"""The library that computes. PyTorch is in no lock file, where it would bring gigabytes for GPUs, so nothing imports it
by name; whoever has it installed can train on it."""


def make_deterministic(seed: int) -> None:
    """Seed every source of chance, and have the backend sum in the same order each time.

    Without the second, sums over a batch depend on which thread comes first; on a CPU it costs no time.
    """
    keras.utils.set_random_seed(seed)
    if BACKEND == "tensorflow":
        RUNTIME.config.experimental.enable_op_determinism()
    if BACKEND == "torch":
        # Some of the kernels for GPUs have no deterministic twin; those warn instead of ending the run.
        RUNTIME.use_deterministic_algorithms(True, warn_only=True)
        # Nothing here reads memory before it is written, and filling it takes 3 % of a step.
        RUNTIME.utils.deterministic.fill_uninitialized_memory = False


def value_of(variable: Any) -> npt.NDArray[Any]:
    """A copy of a variable's value in host memory."""
    return np.asarray(variable).copy()
