"""What is known of a person's taste in one kind of item before they say anything, learned from other people.

A person's liking of item j is modelled as x_j'w + f_j'v + b_j + noise: x_j are a few numeric traits, the weights
w ~ N(mean, covariance) differ from person to person, f_j are the features things have in common, with weights
v ~ N(0, feature_variance) of the person's own, and b_j is what everybody finds in this item beyond its traits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

TRAITS: Final = ("always", "rating", "votes", "year")
TRAIT_CENTRES: Final = (0.0, 6.5, 4.7, 1995.0)
TRAIT_SCALES: Final = (1.0, 1.0, 0.8, 15.0)
"""Fixed, so that weights learned on one catalogue hold for another: points of ten, decades of votes, years."""

FEATURE_VARIANCE: Final[Mapping[str, float]] = {"creator": 0.06, "genre": 0.06, "tag": 0.06, "feel": 0.0}
"""Of a person's own weights, by group, beside the groups' scales; docs/recommending.md has the measurement. How films
feel follows from their genres and tags, which say it better."""
ITEM_VARIANCE: Final = 0.07**2
"""Of what everybody finds in one item beyond its traits."""
ROUNDS: Final = 30
MAX_PERSON_WEIGHT: Final = 200.0
"""Ratings: who has rated more speaks no louder about people at large."""
FULL_VOICE: Final = 50.0
"""Ratings: beyond these, one rating's say on an item falls with the square root of how many its person gave."""
START_VARIANCE: Final = 0.1
SHRINKAGE: Final = 5.0
"""People: how many the guess `START_VARIANCE` / 2 counts for in the covariance."""


@dataclass(frozen=True)
class Prior:
    """See the module."""

    mean: Floats
    """(4,), in the order of `TRAITS`."""
    covariance: Floats
    """(4, 4), symmetric, positive semi-definite."""
    noise_variance: float
    """Of one piece of evidence around the person's true liking, which is about -1..1."""
    feature_variance: Mapping[str, float]
    """By group of features; 1 for a group that is missing."""
    item_effects: Mapping[str, float] = field(default_factory=dict[str, float])
    """By item id; an item that is missing has none."""


PLAIN: Final = Prior(np.zeros(len(TRAITS)), np.zeros((len(TRAITS), len(TRAITS))), 0.4, {})
"""Where nothing was learned: no trait matters, and a person's feedback alone speaks. Editorial; together with the
groups' scales the variance of an item's appeal is about 0.9."""


class Rater(NamedTuple):
    """How much one person of the population liked some items."""

    rows: Rows
    """(r,), of the items."""
    liking: Floats
    """(r,), -1..1."""


def trait_matrix(columns: Sequence[Sequence[float | None]]) -> Floats:
    """Centred and scaled traits, float64, (n, 4); 0 where unknown.

    Args:
        columns: rating (0..10), votes (a number) and year, n of each.
    """
    rating, votes, year = (np.array(column, dtype=np.float64) for column in columns)
    raw = np.column_stack([np.ones(len(rating)), rating, np.log10(votes + 1.0), year])
    return np.nan_to_num((raw - np.array(TRAIT_CENTRES)) / np.array(TRAIT_SCALES))


def learn_prior(ids: Sequence[str], traits: Floats, people: Sequence[Rater]) -> Prior:
    """The prior under which these people's likings are likely: expectation maximisation of the hierarchical linear
    model (Gelman et al., "Bayesian Data Analysis", 2013, chapter 15), then the items' effects by shrunken residuals.

    Args:
        ids: of n items.
        traits: of the same, (n, 4), as `trait_matrix` makes them.
        people: at least one, with at least one item each.
    """
    told = _Told.of(traits, people)
    size = traits.shape[1]
    mean, covariance, noise = np.zeros(size), START_VARIANCE * np.eye(size), 0.2
    for _ in range(ROUNDS):
        weights, spread = told.posterior(mean, covariance, noise)
        mean = weights.mean(axis=0)
        noise = told.noise(weights, spread)
        apart = weights - mean
        guess = SHRINKAGE * START_VARIANCE / 2 * np.eye(size)
        covariance = (spread.sum(axis=0) + apart.T @ apart + guess) / (len(people) + SHRINKAGE)
    weights, _ = told.posterior(mean, covariance, noise)
    effects = _item_effects(traits, people, weights, noise)
    learned = {ids[row]: float(effects[row]) for row in map(int, np.flatnonzero(effects))}
    return Prior(mean, covariance, noise, FEATURE_VARIANCE, learned)


@dataclass(frozen=True)
class _Told:
    """Sums over each person's ratings, weighted: all that the likelihood depends on."""

    gram: Floats
    moment: Floats
    power: Floats
    count: Floats

    @classmethod
    def of(cls, traits: Floats, people: Sequence[Rater]) -> "_Told":
        voices = np.array([min(1.0, MAX_PERSON_WEIGHT / len(each.rows)) for each in people])
        rated = [traits[each.rows] for each in people]
        return cls(
            gram=np.array([x.T @ x for x in rated]) * voices[:, None, None],
            moment=np.array([x.T @ each.liking for x, each in zip(rated, people, strict=True)]) * voices[:, None],
            power=np.array([each.liking @ each.liking for each in people]) * voices,
            count=np.array([len(each.rows) for each in people]) * voices,
        )

    def posterior(self, mean: Floats, covariance: Floats, noise: float) -> tuple[Floats, Floats]:
        """The mean, (people, 4), and the covariance, (people, 4, 4), of each person's weights."""
        precision = np.linalg.inv(covariance)
        spread: Floats = np.linalg.inv(precision + self.gram / noise).astype(np.float64)
        return np.einsum("pij,pj->pi", spread, precision @ mean + self.moment / noise), spread

    def noise(self, weights: Floats, spread: Floats) -> float:
        """The expected variance of a rating around its person's weights."""
        explained = 2 * np.einsum("pi,pi->p", weights, self.moment)
        doubt = np.einsum("pi,pij,pj->p", weights, self.gram, weights) + np.einsum("pij,pji->p", spread, self.gram)
        return float((self.power - explained + doubt).sum() / self.count.sum())


def _item_effects(traits: Floats, people: Sequence[Rater], weights: Floats, noise: float) -> Floats:
    total, voices = np.zeros(len(traits)), np.zeros(len(traits))
    for each, own in zip(people, weights, strict=True):
        voice = (FULL_VOICE / max(FULL_VOICE, len(each.rows))) ** 0.5
        np.add.at(total, each.rows, voice * (each.liking - traits[each.rows] @ own))
        np.add.at(voices, each.rows, voice)
    return total / (voices + noise / ITEM_VARIANCE)
