"""Finds the few items of a shelf that may come out on top, so that only those are scored in full.

An item may because it lies near the target and is good in itself, because it has what the person likes most, or
because nobody can know yet: a few are taken by chance.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array
from scipy.spatial import KDTree

from contracts.emotion import Affect
from contracts.recommendation import Goal
from services.recommender.core.selection import STRONGLY_NEGATIVE

Rows = npt.NDArray[np.intp]
Numbers = npt.NDArray[Any]

CELL: Final = 0.02
"""In the valence-arousal plane: targets within one share their candidates."""
FEATURE_CELL: Final = 0.1
"""Likewise, of those that have a feature the person likes: there nearness is the lesser reason."""
ANSWERS_KEPT: Final = 16_384
SCANNED: Final = 4096
"""Rows: of so many and fewer that have a feature, a scan finds the nearest sooner than a tree is built."""
MIN_CHANCES: Final = 4096
_BEARABLE: Final = -1
"""Not a column of the features, but what is not strongly negative."""


class Index:
    """The n items of a shelf, by nearness and by what they have in common.

    Where an item lies at distance d from the target, in units of `reach`, and lacks `lack` of the worth it could have,
    the terms of its score that are everybody's add up to about 1 - d^2 - lack. So the best are those nearest to
    (target, 0) among the points (place / reach, sqrt(lack)), which a k-d tree finds (Bentley, CACM 18(9), 1975).

    Args:
        affect: (n, 2), -1..1.
        lack: (n,), 0 or above, for each goal.
        features: a sparse array in rows, (n, m).
        reach: in the valence-arousal plane.
    """

    def __init__(self, affect: Numbers, lack: Mapping[Goal, Numbers], features: Any, reach: float) -> None:
        self._reach = reach
        self._points = {goal: np.column_stack([affect / reach, np.sqrt(each)]) for goal, each in lack.items()}
        self._wholes = {goal: KDTree(points) for goal, points in self._points.items() if len(points)}
        self._bearable: Rows = np.flatnonzero(affect[:, 0] >= STRONGLY_NEGATIVE)
        by_column = csc_array(features)
        self._members: Rows = np.asarray(by_column.indices, dtype=np.intp)
        self._starts = by_column.indptr
        self._sizes = np.diff(self._starts)
        frequent = list(map(int, np.flatnonzero(self._sizes > SCANNED)))
        self._trees = {
            (goal, column): KDTree(points[self._having(column)])
            for goal, points in self._points.items()
            for column in (*frequent, *([_BEARABLE] if goal is Goal.MATCH else []))
        }
        self._best: Callable[..., Rows] = lru_cache(maxsize=ANSWERS_KEPT)(self._found)
        draw = np.random.default_rng(0)
        self._chances = draw.standard_normal(max(len(affect), MIN_CHANCES)).astype(np.float32)
        self._mixed = draw.permutation(len(affect))
        self.strength = by_column.max(axis=0).toarray().ravel() if len(affect) else np.zeros(features.shape[1])
        """(m,): the most that each feature says about an item here; 0 where no item has it."""

    def best(self, target: Affect, goal: Goal, count: int) -> Rows:
        """At most `count` rows, for what everybody likes."""
        return self._best(goal, _middle(target, CELL), count, None)

    def bearable(self, target: Affect, goal: Goal, count: int) -> Rows:
        """The same, of what is not strongly negative."""
        return self._best(goal, _middle(target, CELL), count, _BEARABLE)

    def best_with(self, columns: Iterable[int], target: Affect, goal: Goal, count: int) -> list[Rows]:
        """For each of these features at most `count` rows that have it."""
        middle = _middle(target, FEATURE_CELL)
        return [
            self._having(column) if self._sizes[column] <= count else self._best(goal, middle, count, column)
            for column in columns
        ]

    def any(self, seed: int, count: int) -> Rows:
        """At most `count` rows by chance, the same for the same seed."""
        start = seed % max(1, len(self._mixed))
        return self._mixed[start : start + count]

    def chance(self, seed: int, rows: Rows) -> Numbers:
        """A standard normal number for each of these rows, the same for the same seed."""
        return self._chances[(rows + seed % len(self._chances)) % len(self._chances)]

    def other_chances(self, rows: Rows, count: int) -> Numbers:
        """The same for `count` other seeds: (count, r)."""
        seeds = np.arange(1, count + 1)[:, None] * (len(self._chances) // (count + 1))
        return self._chances[(rows + seeds) % len(self._chances)]

    def _found(self, goal: Goal, near: Affect, count: int, column: int | None) -> Rows:
        rows = None if column is None else self._having(column)
        if rows is not None and len(rows) <= count:
            return rows
        point = (near.valence / self._reach, near.arousal / self._reach, 0.0)
        tree = self._wholes[goal] if column is None else self._trees.get((goal, column))
        if tree is None:
            away = ((self._points[goal][rows] - point) ** 2).sum(axis=1)
            found: Rows = np.argpartition(away, count - 1)[:count]
        else:
            found = np.asarray(tree.query(point, k=min(count, tree.n))[1], dtype=np.intp).reshape(-1)
        return found if rows is None else rows[found]

    def _having(self, column: int) -> Rows:
        if column == _BEARABLE:
            return self._bearable
        return self._members[self._starts[column] : self._starts[column + 1]]


def _middle(target: Affect, side: float) -> Affect:
    """Of the cell that a target lies in."""
    return Affect(round(target.valence / side) * side, round(target.arousal / side) * side)
