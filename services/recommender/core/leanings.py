"""Which features of items bring candidates for a person's list: those that would add most to a score."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.emotion import Affect
from services.recommender.core.catalogue import Floats, Shelf
from services.recommender.core.contexts import context
from services.recommender.core.exploring import Exploration
from services.recommender.core.selection import best_first
from services.recommender.core.taste import Taste
from services.recommender.core.weights import EXPLORE, TASTE

KEPT: Final = 256
"""Features of a shelf that may be among the strongest in some mood."""
_MOODS: Final = np.array([context(Affect(valence, arousal)) for valence in (-1, 0, 1) for arousal in (-1, 0, 1)])


class Leanings(NamedTuple):
    """The k features of a shelf's items that may add most to a score, in some mood."""

    columns: npt.NDArray[Any]
    """Integers, (k,)."""
    gains: Floats
    """(3, k): what each adds at most, in parts as `Taste.weights_by_context`."""

    @classmethod
    def of(cls, shelf: Shelf, taste: Taste, exploration: Exploration | None) -> "Leanings":
        """Those of what the person is believed to like, and of what is being tried out."""
        strength = shelf.index.strength
        columns = np.flatnonzero(strength)
        gains = TASTE * taste.weights_by_context(columns)
        if exploration is not None:
            gains = (1.0 - EXPLORE / TASTE) * gains + EXPLORE * exploration.draw.weights_by_context(columns)
        gains *= strength[columns]
        most = (_MOODS @ gains).max(axis=0)
        kept = best_first(most, KEPT)
        kept = kept[most[kept] > 0]
        return cls(columns[kept], gains[:, kept])

    def strongest(self, mood: Affect, count: int) -> list[int]:
        """The columns of at most `count` that add most in a mood."""
        gains = context(mood) @ self.gains
        return [int(self.columns[place]) for place in best_first(gains, count) if gains[place] > 0]
