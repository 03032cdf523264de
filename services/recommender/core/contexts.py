"""The moods that a taste is learned and asked for in: the same person may want other things in another mood.

A person's weight for a feature in a mood is w(m) = c(m) . (w_0, w_1, w_2), with a standard normal prior on each: w_0 is
the same in every mood, w_1 and w_2 change with valence and arousal. c(m) has length 1, so that the prior of w(m) is
standard normal in every mood, and c(m) . c(m') is how much what was learned in one mood says about another.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.emotion import Affect

Floats = npt.NDArray[np.float64]

CONTEXTS: Final = 3
MOOD_SHARE: Final = 0.4
"""Of the variance of a weight, in a mood at distance 1 from the middle, that its mood brings: what was learned there
says 0.2 as much about the opposite mood, and 0.77 as much about a neutral one. Editorial."""


@lru_cache(maxsize=1024)
def context(mood: Affect | None) -> Floats:
    """c(m), (3,), not to be changed; of an unknown mood that of the middle."""
    valence, arousal = mood or (0.0, 0.0)
    raw = np.array([(1.0 - MOOD_SHARE) ** 0.5, MOOD_SHARE**0.5 * valence, MOOD_SHARE**0.5 * arousal])
    return raw / np.linalg.norm(raw)
