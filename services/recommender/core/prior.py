"""What is known of a person's taste in one kind of item before they say anything, learned from other people.

A person's liking of item j is modelled as x_j'w + f_j'v + b_j + noise: x_j are a few numeric traits, the weights
w ~ N(mean, covariance) differ from person to person, f_j are the features things have in common, with weights
v ~ N(0, feature_variance) of the person's own, and b_j is what everybody finds in this item beyond its traits: in its
genres, and in itself.
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
GENRES_ALONE: Final[Mapping[str, float]] = {**FEATURE_VARIANCE, "genre": 0.15}
"""Where nothing else is known of items, genres have to say what creators and tags would."""
ITEM_VARIANCE: Final = 0.07**2
"""Of what everybody finds in one item beyond its traits and genres."""
GENRE_SHRINKAGE: Final = 50.0
"""Ratings: how many the guess counts for that a genre is liked as much as others."""
ROUNDS: Final = 30
MAX_PERSON_WEIGHT: Final = 200.0
"""Ratings: who has rated more speaks no louder about people at large."""
FULL_VOICE: Final = 50.0
"""Ratings: beyond these, one rating's say on an item falls with the square root of how many its person gave."""
START_VARIANCE: Final = 0.1
SHRINKAGE: Final = 5.0
"""People: how many the guess `START_VARIANCE` / 2 counts for in the covariance."""


class Voice(NamedTuple):
    """What people at large say of one item."""

    liking: float
    """Of somebody who has not said anything, about -1..1."""
    weight: float
    """How many ratings that is worth."""


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
    voices: Mapping[str, Voice] = field(default_factory=dict[str, Voice])
    """By the name that an item has everywhere; of one that is missing its traits alone speak."""
    learned_from: frozenset[str] = frozenset()
    """The keys of the people it was learned from, where it may have to be kept from them."""


PLAIN: Final = Prior(np.zeros(len(TRAITS)), np.zeros((len(TRAITS), len(TRAITS))), 0.4, {})
"""Where nothing was learned: no trait matters, and a person's feedback alone speaks. Editorial; together with the
groups' scales the variance of an item's appeal is about 0.9."""


class Rater(NamedTuple):
    """How much one person of the population liked some items."""

    rows: Rows
    """(r,), of the items."""
    liking: Floats
    """(r,), -1..1."""
    traits: Floats
    """(r, 4), of the same items as others see them: this person's own rating must have no part in them."""


def trait_matrix(columns: Sequence[Sequence[float | None] | Floats]) -> Floats:
    """Centred and scaled traits, float64, (n, 4); 0 where unknown.

    Args:
        columns: rating (0..10), votes (a number) and year, n of each.
    """
    rating, votes, year = (np.array(column, dtype=np.float64) for column in columns)
    raw = np.column_stack([np.ones(len(rating)), rating, np.log10(votes + 1.0), year])
    return np.nan_to_num((raw - np.array(TRAIT_CENTRES)) / np.array(TRAIT_SCALES))


def learn_prior(
    names: Sequence[str],
    traits: Floats,
    people: Sequence[Rater],
    genres: Floats | None = None,
    feature_variance: Mapping[str, float] = FEATURE_VARIANCE,
) -> Prior:
    """The prior under which these people's likings are likely: expectation maximisation of the hierarchical linear
    model (Gelman et al., "Bayesian Data Analysis", 2013, chapter 15), then what is left to genres and items by
    shrunken residuals.

    Args:
        names: of n items.
        traits: of the same, (n, 4), as `trait_matrix` makes them.
        people: at least one, with at least one item each.
        genres: (n, g), 1 where an item belongs to one that everybody may like more or less; None: none matters.
        feature_variance: see `Prior`.
    """
    told = _Told.of(people)
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
    left = [each.liking - each.traits @ own for each, own in zip(people, weights, strict=True)]
    common = traits @ mean + (0.0 if genres is None else genres @ _genre_effects(genres, people, left))
    if genres is not None:
        left = [rest - (common - traits @ mean)[each.rows] for each, rest in zip(people, left, strict=True)]
    effects, counts = _item_effects(len(traits), people, left, noise)
    voices = zip(names, map(float, common + effects), map(float, counts), strict=True)
    return Prior(mean, covariance, noise, feature_variance, {name: Voice(*voice) for name, *voice in voices})


@dataclass(frozen=True)
class _Told:
    """Sums over each person's ratings, weighted: all that the likelihood depends on."""

    gram: Floats
    moment: Floats
    power: Floats
    count: Floats

    @classmethod
    def of(cls, people: Sequence[Rater]) -> "_Told":
        voices = np.array([_say(each) for each in people])
        rated = [each.traits for each in people]
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


def _say(person: Rater) -> float:
    return min(1.0, MAX_PERSON_WEIGHT / len(person.rows))


def _genre_effects(genres: Floats, people: Sequence[Rater], left: Sequence[Floats]) -> Floats:
    """What everybody likes more in a genre, (g,): a ridge within people, who differ in how much they like at all."""
    size = genres.shape[1]
    gram, moment = GENRE_SHRINKAGE * np.eye(size), np.zeros(size)
    for each, rest in zip(people, left, strict=True):
        apart = genres[each.rows] - genres[each.rows].mean(axis=0)
        gram += _say(each) * apart.T @ apart
        moment += _say(each) * apart.T @ (rest - rest.mean())
    return np.linalg.solve(gram, moment).astype(np.float64)


def _item_effects(size: int, people: Sequence[Rater], left: Sequence[Floats], noise: float) -> tuple[Floats, Floats]:
    """What everybody likes more in each of n items, and how many have rated it: (n,) each."""
    total, voices, counts = np.zeros(size), np.zeros(size), np.zeros(size)
    for each, rest in zip(people, left, strict=True):
        voice = (FULL_VOICE / max(FULL_VOICE, len(each.rows))) ** 0.5
        np.add.at(total, each.rows, voice * rest)
        np.add.at(voices, each.rows, voice)
        np.add.at(counts, each.rows, 1.0)
    return total / (voices + noise / ITEM_VARIANCE), counts
