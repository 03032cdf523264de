"""How good a ranking is, for one person."""

from typing import Final

import numpy as np
from scipy.stats import rankdata

from services.recommender.core.catalogue import Floats
from services.recommender.core.prior import Rows

LIKED: Final = 8.0
"""Of 0..10: four stars and up."""
NOT_LIKED: Final = 6.0
"""Three stars and below; what lies between counts for neither."""
LENGTH: Final = 10


def auc(ratings: Floats, scores: Floats) -> float | None:
    """How often something liked is scored above something not liked, ties by half; None where either is missing."""
    clear = (ratings >= LIKED) | (ratings <= NOT_LIKED)
    liked = ratings[clear] >= LIKED
    good, bad = int(liked.sum()), int((~liked).sum())
    if not good or not bad:
        return None
    ranks = rankdata(scores[clear])
    return float((ranks[liked].sum() - good * (good + 1) / 2) / (good * bad))


def ndcg(ratings: Floats, scores: Floats) -> float | None:
    """Normalised discounted cumulative gain of the first ten, where something liked gains one (Jarvelin and
    Kekalainen, 2002); None where nothing was liked."""
    liked = (ratings >= LIKED).astype(np.float64)
    discounts = 1.0 / np.log2(np.arange(2, LENGTH + 2))
    order = np.argsort(-scores, kind="stable")[:LENGTH]
    best = np.sort(liked)[::-1][:LENGTH]
    ideal = float(best @ discounts[: len(best)])
    return float(liked[order] @ discounts[: len(order)]) / ideal if ideal else None


def novelty(popularity: Floats, picks: Rows) -> float:
    """The mean self-information of the picks in bits (Vargas and Castells, RecSys 2011).

    Args:
        popularity: (n,), the share of the population that has rated each item.
    """
    floor = 1.0 / (2.0 * len(popularity))
    return float(-np.log2(np.maximum(popularity[picks], floor)).mean())


def diversity(features: Floats) -> float:
    """One less the mean cosine between two of the picks.

    Args:
        features: (picks, m), at least two rows.
    """
    units = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    alike = units @ units.T
    count = len(units)
    return float(1.0 - (alike.sum() - np.trace(alike)) / (count * (count - 1)))
