"""The catalogue as ranking sees it: columns of numbers, one shelf for each kind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from contracts.emotion import EMOTIONS, Affect
from contracts.recommendation import Goal, Kind
from services.recommender.core.affect import affect_words
from services.recommender.core.candidates import Index
from services.recommender.core.columns import Features
from services.recommender.core.goals import GOAL_TERMS
from services.recommender.core.prior import PLAIN, Prior, trait_matrix
from services.recommender.core.weights import FIT, FIT_DISTANCE, QUALITY, SERVES

Floats = npt.NDArray[np.float64]
Indicators = npt.NDArray[np.float32]

GROUP_SCALES: Final[Mapping[str, float]] = {"creator": 0.6, "genre": 0.5, "tag": 0.4, "cluster": 0.3, "feel": 0.3}
"""Groups of features, and how much each tells about a taste: the prior standard deviation of that part of an item's
appeal which comes from the group. Editorial."""

UNREAD: Final = -1
"""The revision of a catalogue that no database has filled yet."""

PRIOR_VOTES: Final = 1000.0
"""Where an item's own votes and the mean of its kind weigh alike (the weighted rating of IMDb's top lists)."""


class ItemFacts(NamedTuple):
    """What ranking needs to know of an item."""

    id: str
    kind: Kind
    affect: Affect
    genres: Sequence[str]
    tags: Sequence[str]
    creators: Sequence[str]
    rating: float | None
    """0..10."""
    votes: int | None
    good_for: Sequence[str]
    """Emotions, by name."""
    cluster: str
    """Empty where it belongs to none."""
    cluster_emotions: Sequence[str]
    year: int | None = None
    imdb: str = ""
    """Its id there, empty where it has none."""
    is_placed: bool = True
    """False: nothing is known of its mood, and `affect` is nothing but the middle of the plane."""

    @property
    def name(self) -> str:
        """What it is called everywhere, or else here."""
        return self.imdb or self.id


class Feature(NamedTuple):
    """Something items have in common, e.g. ("genre", "jazz")."""

    group: str
    value: str


@dataclass(frozen=True)
class Shelf:
    """The n items of one kind, with m features, in columns."""

    ids: Sequence[str]
    affect: Floats
    """(n, 2), valence and arousal in -1..1."""
    is_placed: npt.NDArray[np.bool_]
    """(n,): whether anything is known of an item's mood; what is not placed fits none."""
    quality: Floats
    """(n,), 0..1: 0.5 for a rating of 7.5, or where a prior was learned, for an expected liking of 0."""
    good_for: Indicators
    """(n, 7), 1 where an item helps with an emotion, in the order of `EMOTIONS`; (0, 7) where none does."""
    kindred: Indicators
    """The same of whether an item's cluster suits an emotion."""
    serves: Mapping[Goal, Floats]
    """(n,), 1 where a genre or tag serves the goal."""
    features: Any
    """`csr_array` float64, (n, m): the squares of a row's entries in one group add up to the square of its scale."""
    prior: Prior
    personal: Any
    """`csr_array` float64, (n, m): the features, scaled to a standard normal prior on a person's own weights."""
    traits: Floats
    """(n, 4): the traits times a square root of the prior's covariance."""
    expected: Floats
    """(n,), about -1..1: the liking of somebody who has not said anything; 0 where no prior was learned."""

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Where an item stands, by id."""
        return {item_id: row for row, item_id in enumerate(self.ids)}

    @cached_property
    def index(self) -> Index:
        """Finds candidates."""
        everywhere = QUALITY * (1.0 - self.quality) + FIT * ~self.is_placed
        lack = {goal: everywhere + SERVES * (1.0 - serves) for goal, serves in self.serves.items()}
        return Index(self.affect, lack, self.features, FIT_DISTANCE)

    @cached_property
    def columns(self) -> Features:
        """The features, for a few rows at once."""
        return Features(self.features)

    @cached_property
    def own_columns(self) -> Features:
        """The same scaled as `personal`."""
        return self.columns if self.personal is self.features else Features(self.personal)


class Catalogue:
    """Every kind's shelf, over one vocabulary of features.

    Args:
        facts: every item once.
        revision: of the database they were read from.
        priors: what was learned of people's taste in a kind.
    """

    def __init__(
        self, facts: Iterable[ItemFacts] = (), revision: int = UNREAD, priors: Mapping[Kind, Prior] | None = None
    ) -> None:
        self.revision = revision
        self._priors = priors or {}
        self.columns: dict[Feature, int] = {}
        """Of each feature, its place in the vocabulary."""
        by_kind: defaultdict[Kind, list[ItemFacts]] = defaultdict(list)
        held: defaultdict[Kind, list[list[int]]] = defaultdict(list)
        for each in facts:
            by_kind[each.kind].append(each)
            held[each.kind].append([self.columns.setdefault(feature, len(self.columns)) for feature in _features(each)])
        self.vocabulary: Sequence[Feature] = list(self.columns)
        self.shelves: Mapping[Kind, Shelf] = {
            kind: self._shelve(by_kind[kind], held[kind], self._priors.get(kind, PLAIN)) for kind in Kind
        }

    def __len__(self) -> int:
        return sum(len(shelf.ids) for shelf in self.shelves.values())

    def prepare(self) -> None:
        """Work out now what would otherwise keep the first who asks waiting."""
        for shelf in self.shelves.values():
            _ = shelf.rows, shelf.index, shelf.columns, shelf.own_columns

    def kind_of(self, item_id: str) -> Kind | None:
        """The kind of an item, None where the catalogue does not have it."""
        return next((kind for kind, shelf in self.shelves.items() if item_id in shelf.rows), None)

    def _shelve(self, facts: Sequence[ItemFacts], held: Sequence[Sequence[int]], prior: Prior) -> Shelf:
        traits = traits_of(facts)
        expected = _expected(facts, traits @ prior.mean, prior)
        features = self._feature_matrix(held)
        return Shelf(
            ids=[each.id for each in facts],
            affect=np.array([each.affect for each in facts], dtype=np.float64).reshape(len(facts), 2),
            is_placed=np.array([each.is_placed for each in facts], dtype=np.bool_),
            quality=_quality(facts) if prior is PLAIN else np.clip((1.0 + expected) / 2.0, 0.0, 1.0),
            good_for=_indicators([each.good_for for each in facts]),
            kindred=_indicators([each.cluster_emotions for each in facts]),
            serves={goal: _serving(facts, goal) for goal in Goal},
            features=features,
            prior=prior,
            personal=self._personal(features, prior),
            traits=traits @ _square_root(prior.covariance),
            expected=expected,
        )

    def _personal(self, features: Any, prior: Prior) -> Any:
        if not prior.feature_variance:
            return features
        variances = [prior.feature_variance.get(feature.group, 1.0) for feature in self.vocabulary]
        return csr_array(features * np.sqrt(np.array(variances))[None, :])

    def _feature_matrix(self, held: Sequence[Sequence[int]]) -> Any:
        """Of items that have these columns each, all that are in one group weighing alike."""
        groups = list(GROUP_SCALES)
        group_of = np.array([groups.index(feature.group) for feature in self.vocabulary], dtype=np.intp)
        ends = np.cumsum([0, *map(len, held)])
        columns = np.fromiter(chain.from_iterable(held), dtype=np.int64, count=ends[-1])
        group = group_of[columns]
        cell = np.repeat(np.arange(len(held)), np.diff(ends)) * len(groups) + group
        values = np.array(list(GROUP_SCALES.values()))[group] / np.sqrt(np.bincount(cell)[cell])
        return csr_array((values, columns, ends), shape=(len(held), len(self.vocabulary)))


def _features(facts: ItemFacts) -> Iterator[Feature]:
    groups = {
        "creator": facts.creators,
        "genre": facts.genres,
        "tag": facts.tags,
        "cluster": [facts.cluster] if facts.cluster else [],
        "feel": [affect_words(facts.affect)] if facts.is_placed else [],
    }
    return (Feature(group, value) for group, values in groups.items() for value in dict.fromkeys(values))


def weighted_ratings(facts: Sequence[ItemFacts]) -> Floats:
    """Each item's rating, 0..10, pulled to the mean of all the fewer votes it has: (n,)."""
    known = [each.rating for each in facts if each.rating is not None]
    mean = sum(known) / len(known) if known else 5.0
    ratings = [mean if each.rating is None else weighted_rating(each.rating, each.votes, mean) for each in facts]
    return np.array(ratings, dtype=np.float64)


def traits_of(facts: Sequence[ItemFacts]) -> Floats:
    """The traits that a prior weighs: (n, 4)."""
    weighted = zip(weighted_ratings(facts), facts, strict=True)
    ratings = [None if each.rating is None else rating for rating, each in weighted]
    return trait_matrix([ratings, [each.votes for each in facts], [each.year for each in facts]])


def _expected(facts: Sequence[ItemFacts], by_traits: Floats, prior: Prior) -> Floats:
    voices = ((prior.voices.get(each.name), by_trait) for each, by_trait in zip(facts, by_traits, strict=True))
    return np.array([by_trait if voice is None else voice.liking for voice, by_trait in voices], dtype=np.float64)


def _quality(facts: Sequence[ItemFacts]) -> Floats:
    return np.clip((weighted_ratings(facts) - 5.0) / 5.0, 0.0, 1.0)


def _square_root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


@overload
def weighted_rating(rating: float, votes: int | None, mean: float) -> float: ...
@overload
def weighted_rating(rating: Floats, votes: Floats, mean: float) -> Floats: ...
def weighted_rating(rating: Any, votes: Any, mean: float) -> Any:
    """The Bayesian average of a rating, 0..10: pulled to the mean of its kind the fewer votes it rests on."""
    if votes is None:
        return rating
    return (votes * rating + PRIOR_VOTES * mean) / (votes + PRIOR_VOTES)


def _indicators(emotions: Sequence[Sequence[str]]) -> Indicators:
    rows = [[emotion in named for emotion in EMOTIONS] for named in emotions] if any(emotions) else []
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(EMOTIONS))


def _serving(facts: Sequence[ItemFacts], goal: Goal) -> Floats:
    terms = GOAL_TERMS[goal]
    return np.array([not terms.isdisjoint([*each.genres, *each.tags]) for each in facts], dtype=np.float64)
