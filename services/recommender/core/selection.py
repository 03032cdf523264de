"""Chooses a list one by one from scored items, for several draws of the scores at once."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]

DIVERSITY: Final = 0.25
"""What a pick loses for being all like one before it (maximal marginal relevance: Carbonell and Goldstein, SIGIR
1998)."""
STRONGLY_NEGATIVE: Final = -0.5
"""Valence."""
MAX_NEGATIVE_RUN: Final = 3
"""Picks in a row below it, of a walk in all, as long as anything else is left."""
_LAST_RESORT: Final = 100.0
_GONE: Final = 10_000.0


@dataclass(frozen=True)
class Course:
    """Where a list that moves should be at each of its steps."""

    fit: Numbers
    """(steps, r): how well each of r items fits each step."""
    along: Numbers
    """(r, axes): how far each item lies in the directions of travel; the picks do not turn back in any, as long as
    there is another way."""


def best_first(scores: Numbers, count: int) -> Numbers:
    """The places of the `count` highest, the highest first: integers."""
    best = np.argpartition(-scores, count)[:count] if count < len(scores) else np.arange(len(scores))
    return best[np.argsort(-scores[best], kind="stable")]


class _Outlook:
    """What the way on from each of the items is worth at each step, were diversity no concern (dynamic programming:
    Bellman, 1957). Without it, a walk that leaps at a good item finds nothing left ahead."""

    def __init__(self, course: Course, scores: Numbers) -> None:
        # Of items in one place, those with the higher rows are ahead: so nothing comes twice.
        ahead = np.logical_and.reduce([axis[None] >= axis[:, None] for axis in course.along.T])
        ahead &= ~np.tril(ahead & ahead.T)
        self._turns = (_LAST_RESORT * ~ahead).astype(scores.dtype)
        self._ahead = np.zeros_like(course.fit, dtype=scores.dtype)
        for step in range(len(self._ahead) - 1, 0, -1):
            worth = scores + course.fit[step] + self._ahead[step]
            self._ahead[step - 1] = (worth - self._turns).max(axis=1)

    def after(self, picks: Numbers) -> Numbers:
        """For each item as the next pick of each draw, after those before, (step, draws)."""
        step = len(picks)
        return self._ahead[step] - self._turns[picks[-1]] if step else self._ahead[0]


def choose(
    scores: Numbers, likeness: Numbers, negative: Numbers, count: int, course: Course | None = None, run: int = 0
) -> tuple[Numbers, Numbers]:
    """The picks of each draw in their order, and what each was worth when it was picked.

    Args:
        scores: (draws, r), of r items.
        likeness: (r, r), 0..1.
        negative: booleans, (r,): what is strongly negative.
        count: picks, at most r.
        course: where the list should move; without one it stays.
        run: strongly negative picks that the list ends with so far.

    Returns:
        Rows, integers (count, draws), and worths, (count, draws).
    """
    every = np.arange(len(scores))
    left, penalty, alike = scores.copy(), np.zeros_like(scores), (DIVERSITY * likeness).astype(scores.dtype)
    some_negative, runs = bool(negative.any()), np.full(len(every), run)
    outlook = None if course is None else _Outlook(course, scores.mean(axis=0))
    picks, worths = np.zeros((count, len(every)), dtype=np.intp), np.zeros((count, len(every)), dtype=scores.dtype)
    for step in range(count):
        value = left - penalty if course is None else left - penalty + course.fit[step]
        sought = value if outlook is None else value + outlook.after(picks[:step])
        if some_negative and (runs >= MAX_NEGATIVE_RUN).any():
            sought = sought - _LAST_RESORT * np.outer(runs >= MAX_NEGATIVE_RUN, negative)
        best = sought.argmax(axis=1)
        picks[step], worths[step] = best, value[every, best]
        left[every, best] -= _GONE
        np.maximum(penalty, alike[best], out=penalty)
        # A walk that has come up does not go down again, and its steps may yet be sorted.
        runs = np.where(negative[best], runs + 1, 0 if course is None else runs)
    return picks, worths
