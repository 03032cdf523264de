"""A shelf as scoring reads it: for any few rows at once, in float32, without a sparse array's overhead."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]


class Features:
    """The features of n items.

    Args:
        matrix: `csr_array`, (n, m), no row with a feature twice.
    """

    def __init__(self, matrix: Any) -> None:
        self._starts = matrix.indptr[:-1].astype(np.int64)
        self._lengths = np.diff(matrix.indptr)
        self._columns = matrix.indices.astype(np.int32)
        self._values = matrix.data.astype(np.float32)

    def row(self, row: int) -> tuple[Numbers, Numbers]:
        """What this row has: the features, and how much of each."""
        held = slice(self._starts[row], self._starts[row] + self._lengths[row])
        return self._columns[held], self._values[held]

    def of(self, rows: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """What these rows have, one after the other, e in all: the place among `rows`, the feature, and how much."""
        lengths = self._lengths[rows]
        places = np.repeat(np.arange(len(rows)), lengths)
        held = np.arange(len(places)) + (self._starts[rows] - np.cumsum(lengths) + lengths)[places]
        return places, self._columns[held], self._values[held]

    def dense(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """The features that these r rows have, u ascending columns, and the rows on those alone: (r, u)."""
        places, columns, values = self.of(rows)
        used, order = np.unique(columns, return_inverse=True)
        found = np.zeros((len(rows), len(used)), dtype=np.float32)
        found[places, order] = values
        return used, found
