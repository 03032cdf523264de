"""What a person's feedback says about their taste: Bayesian linear regression over the features of items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from contracts.recommendation import FeedbackAction, Kind
from services.recommender.core.catalogue import Catalogue, Feature, Floats

APPEAL: Final[Mapping[FeedbackAction, float]] = {
    FeedbackAction.LIKE: 1.0,
    FeedbackAction.SAVE: 0.8,
    FeedbackAction.FINISH: 0.6,
    FeedbackAction.PLAY: 0.2,
    FeedbackAction.SKIP: -0.5,
    FeedbackAction.DISLIKE: -1.0,
}
"""How much an item appeals to somebody who did this, -1..1. Editorial."""

SAID: Final = frozenset({FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE})
"""What people say about an item counts before what they did with it."""

NOISE_VARIANCE: Final = 0.4
"""Of one piece of feedback around the person's true liking; the prior variance of an item's appeal is about 0.9."""

MAX_EVIDENCE: Final = 300
"""Items, the newest first, that a taste is learned from: the cost grows with the cube."""


class Opinion(NamedTuple):
    """The last thing a person said about an item, or did with it."""

    item_id: str
    action: FeedbackAction
    occurred_at: datetime


class Verdict(NamedTuple):
    """What counts about an item for a taste."""

    item_id: str
    kind: Kind
    row: int
    action: FeedbackAction


def verdicts(catalogue: Catalogue, opinions: Iterable[Opinion]) -> list[Verdict]:
    """One verdict for each item, the newest first: what was said counts before what was done, then the newer before
    the older. Items that are no longer in the catalogue are left out."""
    chosen: dict[str, Opinion] = {}
    for opinion in sorted(opinions, key=lambda each: (each.action in SAID, each.occurred_at, each.action)):
        chosen[opinion.item_id] = opinion
    newest = sorted(chosen.values(), key=lambda each: (each.occurred_at, each.item_id), reverse=True)
    located = ((opinion, catalogue.kind_of(opinion.item_id)) for opinion in newest)
    return [
        Verdict(opinion.item_id, kind, catalogue.shelves[kind].rows[opinion.item_id], opinion.action)
        for opinion, kind in located
        if kind is not None
    ]


@dataclass(frozen=True)
class Taste:
    """The posterior mean of a person's weight for each of m features, and what it was learned from."""

    weights: Floats
    """(m,)."""
    vocabulary: Sequence[Feature]
    evidence: Sequence[Verdict]
    evidence_features: csr_array
    """float64, (evidence, m)."""

    def appeal(self, features: csr_array) -> Floats:
        """The expected liking of n items with these features, (n, m): (n,), about -1..1, 0 where nothing is known."""
        return features @ self.weights

    def verdicts_on(self, column: int) -> list[Verdict]:
        """The evidence in favour that has this feature, the newest first."""
        having = self.evidence_features[:, [column]].toarray().ravel() > 0
        return [
            verdict for verdict, has in zip(self.evidence, having, strict=True) if has and APPEAL[verdict.action] > 0
        ]


def learn_taste(catalogue: Catalogue, opinions: Iterable[Opinion]) -> Taste:
    """The taste behind these opinions.

    With a standard normal prior on the weights of scaled features X and noise of `NOISE_VARIANCE`, the posterior mean
    is X'(XX' + noise I)^-1 y (Bishop, "Pattern Recognition and Machine Learning", 2006, sections 3.3 and 6.1): in this
    form its cost depends on how much a person has said, not on how many features there are.
    """
    evidence = verdicts(catalogue, opinions)[:MAX_EVIDENCE]
    width = len(catalogue.vocabulary)
    if not evidence:
        return Taste(np.zeros(width), catalogue.vocabulary, [], csr_array((0, width)))
    features = csr_array(vstack([catalogue.shelves[kind].features[[row]] for _, kind, row, _ in evidence]))
    liking = np.array([APPEAL[verdict.action] for verdict in evidence])
    covariance = (features @ features.T).toarray() + NOISE_VARIANCE * np.eye(len(evidence))
    weights = features.T @ np.linalg.solve(covariance, liking)
    return Taste(weights, catalogue.vocabulary, evidence, features)
