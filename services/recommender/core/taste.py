"""What a person's feedback says about their taste: Bayesian linear regression over the features of items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import cho_solve
from scipy.sparse import csc_array, csr_array, vstack

from contracts.emotion import Affect
from contracts.recommendation import FeedbackAction, Kind
from services.recommender.core.catalogue import Catalogue, Feature, Floats, Shelf
from services.recommender.core.prior import TRAITS

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

NEUTRAL_RATING: Final = 6.0
"""Of 0..10: in MovieLens, where half a star to five were given, what people rate 3 or below they did not like."""
RATING_REACH: Final = 4.0
"""From there to a rating that says as much as a like."""

MAX_EVIDENCE: Final = 300
"""Items, the newest first, that a taste is learned from: the cost grows with the cube."""


class Opinion(NamedTuple):
    """The last thing a person said about an item, or did with it."""

    item_id: str
    action: FeedbackAction
    occurred_at: datetime
    rating: float | None = None
    """0..10, where they gave one."""

    @classmethod
    def rated(cls, item_id: str, rating: float, occurred_at: datetime) -> "Opinion":
        """An explicit rating, 0..10: a like or a dislike, and how much of one."""
        action = FeedbackAction.DISLIKE if rating < NEUTRAL_RATING else FeedbackAction.LIKE
        return cls(item_id, action, occurred_at, rating)

    @property
    def liking(self) -> float:
        """-1..1."""
        return APPEAL[self.action] if self.rating is None else liking(self.rating)


class Verdict(NamedTuple):
    """What counts about an item for a taste."""

    item_id: str
    kind: Kind
    row: int
    action: FeedbackAction
    liking: float
    """-1..1."""


def liking(rating: float) -> float:
    """How much somebody likes what they rate so, 0..10: -1..1."""
    return min(max((rating - NEUTRAL_RATING) / RATING_REACH, -1.0), 1.0)


def verdicts(catalogue: Catalogue, opinions: Iterable[Opinion]) -> list[Verdict]:
    """One verdict for each item, the newest first: what was said counts before what was done, then the newer before
    the older. Items that are no longer in the catalogue are left out."""
    chosen: dict[str, Opinion] = {}
    for opinion in sorted(opinions, key=lambda each: (each.action in SAID, each.occurred_at, each.action)):
        chosen[opinion.item_id] = opinion
    newest = sorted(chosen.values(), key=lambda each: (each.occurred_at, each.item_id), reverse=True)
    located = ((opinion, catalogue.kind_of(opinion.item_id)) for opinion in newest)
    return [
        Verdict(opinion.item_id, kind, catalogue.shelves[kind].rows[opinion.item_id], opinion.action, opinion.liking)
        for opinion, kind in located
        if kind is not None
    ]


@dataclass(frozen=True)
class Taste:
    """The posterior mean of a person's weights, apart from everybody's, and what it was learned from."""

    weights: Floats
    """(m,), of the features."""
    trait_weights: Floats
    """(4,), of the traits."""
    vocabulary: Sequence[Feature]
    evidence: Sequence[Verdict]
    evidence_features: csr_array
    """float64, (evidence, m)."""

    factor: Floats
    """(evidence, evidence): the lower Cholesky factor of how alike the evidence is, noise included."""
    evidence_traits: Floats
    """(evidence, d)."""
    noise: Floats
    """(evidence,), variances."""

    def appeal(self, shelf: Shelf) -> Floats:
        """How much more than everybody this person likes each of a shelf's n items: (n,), about -1..1, 0 where nothing
        is known."""
        return shelf.personal @ self.weights + shelf.traits @ self.trait_weights

    def weights_in(self, mood: Affect | None = None) -> tuple[Floats, Floats]:
        """The weights of the features, (m,), and of the traits, (d,), in a mood."""
        return self.weights, self.trait_weights

    def sampled(self, rng: np.random.Generator) -> "Taste":
        """A draw from what the weights may be: one from the prior, corrected by the evidence (Matheron's rule: Wilson
        et al., "Pathwise conditioning of Gaussian processes", JMLR 22, 2021)."""
        weights, traits = rng.standard_normal(len(self.weights)), rng.standard_normal(len(self.trait_weights))
        if self.evidence:
            noise = np.sqrt(self.noise) * rng.standard_normal(len(self.noise))
            drawn = self.evidence_features @ weights + self.evidence_traits @ traits + noise
            told = cho_solve((self.factor, True), drawn)
            weights -= self.evidence_features.T @ told
            traits -= self.evidence_traits.T @ told
        return replace(self, weights=self.weights + weights, trait_weights=self.trait_weights + traits)

    def verdicts_on(self, column: int) -> list[Verdict]:
        """The evidence in favour that has this feature, the newest first."""
        by_column = self._evidence_by_column
        rows = sorted(map(int, by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]))
        return [self.evidence[row] for row in rows if self.evidence[row].liking > 0]

    @cached_property
    def _evidence_by_column(self) -> csc_array:
        return csc_array(self.evidence_features)


def learn_taste(catalogue: Catalogue, opinions: Iterable[Opinion]) -> Taste:
    """The taste behind these opinions.

    With features and traits X, scaled so that the prior on their weights is standard normal, noise variances N and
    likings y of which everybody's taste explains e, the posterior mean is X'(XX' + N)^-1 (y - e) (Bishop, "Pattern
    Recognition and Machine Learning", 2006, sections 3.3 and 6.1): in this form its cost depends on how much a person
    has said, not on how many features there are.
    """
    evidence = verdicts(catalogue, opinions)[:MAX_EVIDENCE]
    width = len(catalogue.vocabulary)
    if not evidence:
        return _untold(catalogue, width)
    met = [(catalogue.shelves[verdict.kind], verdict.row) for verdict in evidence]
    features = csr_array(vstack([shelf.personal[[row]] for shelf, row in met]))
    traits = np.array([shelf.traits[row] for shelf, row in met])
    news = np.array(
        [verdict.liking - shelf.expected[verdict.row] for verdict, (shelf, _) in zip(evidence, met, strict=True)]
    )
    alike = (features @ features.T).toarray() + traits @ traits.T
    noise = np.array([shelf.prior.noise_variance for shelf, _ in met])
    factor = np.linalg.cholesky(alike + np.diag(noise))
    told = cho_solve((factor, True), news)
    return Taste(features.T @ told, traits.T @ told, catalogue.vocabulary, evidence, features, factor, traits, noise)


def _untold(catalogue: Catalogue, width: int) -> Taste:
    nothing = np.zeros((0, len(TRAITS)))
    weights, traits = np.zeros(width), np.zeros(len(TRAITS))
    return Taste(
        weights, traits, catalogue.vocabulary, [], csr_array((0, width)), np.zeros((0, 0)), nothing, np.zeros(0)
    )
