"""What is not known of a taste, and lists drawn from it: Thompson sampling (Thompson, Biometrika 25, 1933; Agrawal and
Goyal, ICML 2013).

One draw of a person's weights holds for a sitting, so that its lists are stable and what is uncertain has its turn in
another. How probable a pick was is estimated from `DRAWS` other draws: the same prior draws for everybody (seed 0),
each corrected by what the person has told (Matheron's rule, see `Taste.sampled`).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve

from contracts.emotion import Affect
from services.recommender.core.catalogue import Shelf
from services.recommender.core.contexts import CONTEXTS, context
from services.recommender.core.taste import Taste

Numbers = npt.NDArray[Any]

DRAWS: Final = 32
_COLUMNS: Final = 65_536
"""Features beyond so many share their prior draws, which does no harm to an estimate."""
_MAX_TRAITS: Final = 64
_MAX_EVIDENCE: Final = 1024
_RNG: Final = np.random.default_rng(0)
_PRIOR: Final = _RNG.standard_normal((CONTEXTS, _COLUMNS, DRAWS), dtype=np.float32)
_TRAIT_PRIOR: Final = _RNG.standard_normal((CONTEXTS, _MAX_TRAITS, DRAWS), dtype=np.float32)
_NOISE: Final = _RNG.standard_normal((_MAX_EVIDENCE, DRAWS), dtype=np.float32)


@dataclass(frozen=True)
class Exploration:
    """A person's draw for a sitting, and what other draws are made of."""

    draw: Taste
    evidence: Numbers
    """Float32, (e, u), of the draw's columns."""
    evidence_traits: Numbers
    """Float32, (e, d)."""
    contexts: Numbers
    """Float32, (e, 3)."""
    told: Numbers
    """Float32, (e, DRAWS): how the evidence corrects each draw from the prior."""

    @classmethod
    def of(cls, taste: Taste, rng: np.random.Generator) -> "Exploration":
        """This taste's, for the sitting that `rng` stands for."""
        evidence = taste.evidence_features.astype(np.float32)
        traits = taste.evidence_traits.astype(np.float32)
        contexts = taste.contexts.astype(np.float32)
        drawn = evidence @ _PRIOR[:, taste.columns % _COLUMNS] + traits @ _TRAIT_PRIOR[:, : traits.shape[1]]
        prior = np.einsum("ek,ked->ed", contexts, drawn)
        noise = np.sqrt(taste.noise)[:, None] * _NOISE[: len(evidence)]
        told = cho_solve((taste.factor, True), prior + noise) if len(evidence) else prior
        return cls(taste.sampled(rng), evidence, traits, contexts, told.astype(np.float32))

    def deviations(self, shelf: Shelf, rows: Numbers, mood: Affect) -> Numbers:
        """How the appeal of these r rows in a mood differs from what is expected, in each draw: (DRAWS, r)."""
        columns, features = shelf.own_columns.dense(rows)
        traits = shelf.traits[rows].astype(np.float32)
        shares = context(mood).astype(np.float32)
        trait_prior = np.tensordot(shares, _TRAIT_PRIOR[:, : traits.shape[1]], 1)
        drawn = features @ np.tensordot(shares, _PRIOR[:, columns % _COLUMNS], 1) + traits @ trait_prior
        _, here, there = np.intersect1d(columns, self.draw.columns, assume_unique=True, return_indices=True)
        alike = features[:, here] @ self.evidence[:, there].T + traits @ self.evidence_traits.T
        return (drawn - (alike * (self.contexts @ shares)) @ self.told).T
