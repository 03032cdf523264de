"""What the server asks of a machine-learning runtime. TensorFlow is one; the server itself knows none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
SignatureDef = Any
"""A `tensorflow.SignatureDef` message: names, dtypes and shapes of inputs and outputs."""


class LoadedModel(Protocol):
    """One version of a model, in memory."""

    signatures: Mapping[str, SignatureDef]

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run one signature; blocks, and may be called from several threads at once.

        Args:
            signature_name: a key of `signatures`.
            inputs: every input of the signature, with its dtype and a shape that fits.
            outputs: the aliases of the outputs to compute.

        Raises:
            ServingError: the runtime refused.
        """
        ...

    def close(self) -> None:
        """Free what the model holds. No prediction may run or follow."""
        ...


class Runtime(Protocol):
    """Loads models."""

    def is_complete(self, folder: Path) -> bool:
        """Whether the folder holds a model of this runtime, as far as a glance can tell."""
        ...

    def load(self, folder: Path) -> LoadedModel:
        """Load a model; blocks for seconds.

        Raises:
            ServingError: the folder does not hold a model that works.
        """
        ...
