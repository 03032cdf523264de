"""A shelf as scoring reads it: for any few rows at once, in float32, without a sparse array's overhead."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]


class Features:
    """The features of n items, padded to the longest row.

    Args:
        matrix: `csr_array`, (n, m).
    """

    def __init__(self, matrix: Any) -> None:
        lengths = np.diff(matrix.indptr)
        self._columns = np.zeros((len(lengths), max(1, lengths.max(initial=0))), dtype=np.int32)
        self._values = np.zeros(self._columns.shape, dtype=np.float32)
        held = np.arange(self._columns.shape[1]) < lengths[:, None]
        self._columns[held] = matrix.indices
        self._values[held] = matrix.data

    def of(self, rows: Numbers | int) -> tuple[Numbers, Numbers]:
        """The features of each row, and how much of each it has; padding is a feature that it has nothing of."""
        return self._columns[rows], self._values[rows]

    def dense(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """The features that these r rows have, u ascending columns, and the rows on those alone: (r, u)."""
        columns, values = self._columns[rows], self._values[rows]
        used, places = np.unique(columns, return_inverse=True)
        found = np.zeros((len(rows), len(used)), dtype=np.float32)
        # Padding adds zeros to column 0, and no row has a feature twice.
        np.add.at(found, (np.arange(len(rows))[:, None], places.reshape(columns.shape)), values)
        return used, found
