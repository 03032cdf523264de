"""The rankers that are compared: ours, and those it has to beat. Each learns from a population, then scores every item
for a person by their first ratings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from contracts.recommendation import Goal, Kind
from services.recommender.core.catalogue import (
    Catalogue,
    Floats,
    ItemFacts,
    Shelf,
    traits_of,
    weighted_ratings,
)
from services.recommender.core.catalogue import weighted_rating as bayesian_average
from services.recommender.core.goals import target
from services.recommender.core.opinions import NEUTRAL_RATING, RATING_REACH, liking
from services.recommender.core.prior import (
    FEATURE_VARIANCE,
    GENRES_ALONE,
    Prior,
    Rater,
    Rows,
    Voice,
    learn_prior,
    trait_matrix,
)
from services.recommender.core.taste import learn_taste
from services.recommender.evaluation.metrics import LIKED
from services.recommender.evaluation.movielens import Person, RatedFilms

VOTES_PER_RATING: Final = 1000
"""How many votes on IMDb one rating stands for where the films come without votes."""

Scorer = Callable[[Person, int], Floats]
"""Scores (n,) for a person, from their first so many ratings."""


@dataclass(frozen=True)
class Population:
    """The people a ranker may learn from, and the films."""

    films: RatedFilms
    people: Sequence[Person]
    others: Mapping[str, Voice] = field(default_factory=dict[str, Voice])
    """What was learned from people who are not among those of the files."""

    @cached_property
    def facts(self) -> Sequence[ItemFacts]:
        """The films; those without ratings of their own are rated by these people and the others."""
        if self.films.rated_by_catalogue:
            return self.films.facts
        ratings, votes = self._stand_in(np.arange(len(self.films.facts)))
        rated = zip(self.films.facts, ratings, votes, strict=True)
        return [fact._replace(rating=float(rating), votes=int(number)) for fact, rating, number in rated]

    @cached_property
    def counts(self) -> Floats:
        """How often each film was rated, (n,)."""
        return self._sum([np.ones(len(person.rows)) for person in self.people])

    @cached_property
    def total(self) -> Floats:
        """The sum of each film's ratings, (n,)."""
        return self._sum([person.ratings for person in self.people])

    @cached_property
    def prior(self) -> Prior:
        """Learned from these people."""
        is_rated = self.films.rated_by_catalogue
        return learn_prior(
            [fact.name for fact in self.facts],
            self._traits,
            self.raters,
            None if is_rated else self._genres,
            FEATURE_VARIANCE if is_rated else GENRES_ALONE,
        )

    @cached_property
    def raters(self) -> Sequence[Rater]:
        """The same people, to whom films look as those without them made them look."""
        return [self._rater(each) for each in self.people]

    def _rater(self, person: Person) -> Rater:
        likings = np.array([liking(rating) for rating in person.ratings])
        if self.films.rated_by_catalogue:
            return Rater(person.rows, likings, self._traits[person.rows])
        ratings, votes = self._stand_in(person.rows, person.ratings)
        years = [self.films.facts[row].year for row in person.rows]
        return Rater(person.rows, likings, trait_matrix([bayesian_average(ratings, votes, self._usual), votes, years]))

    def _stand_in(self, rows: Rows, own: Floats | None = None) -> tuple[Floats, Floats]:
        """Ratings and numbers of votes for films that have none, without those that one of the people gave."""
        weights, likings = self._heard
        count = self.counts[rows] - (own is not None)
        total = self.total[rows] - (0.0 if own is None else own)
        learned = weights[rows] * (NEUTRAL_RATING + RATING_REACH * likings[rows])
        return (total + learned + self._usual) / (count + weights[rows] + 1.0), (count + 1.0) * VOTES_PER_RATING

    @cached_property
    def _usual(self) -> float:
        return float(self.total.sum() / self.counts.sum())

    @cached_property
    def _heard(self) -> tuple[Floats, Floats]:
        voices = [self.others.get(fact.name, Voice(0.0, 0.0)) for fact in self.films.facts]
        return np.array([voice.weight for voice in voices]), np.array([voice.liking for voice in voices])

    @cached_property
    def _traits(self) -> Floats:
        return traits_of(self.facts)

    @cached_property
    def _genres(self) -> Floats:
        names = sorted({genre for fact in self.facts for genre in fact.genres})
        return np.array([[name in fact.genres for name in names] for fact in self.facts], dtype=np.float64)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The films, with that prior."""
        return Catalogue(self.facts, priors={Kind.MOVIE: self.prior})

    @property
    def shelf(self) -> Shelf:
        """Of all films, in their order."""
        return self.catalogue.shelves[Kind.MOVIE]

    def _sum(self, values: Sequence[Floats]) -> Floats:
        rows = np.concatenate([person.rows for person in self.people])
        return np.bincount(rows, np.concatenate(values), minlength=len(self.films.facts)).astype(np.float64)


def ours(population: Population) -> Scorer:
    """Expected liking, learned from ratings exactly as from live feedback."""
    catalogue, shelf = population.catalogue, population.shelf

    def score(person: Person, count: int) -> Floats:
        taste = learn_taste(catalogue, person.opinions(population.facts, count))
        return shelf.expected + taste.appeal(shelf)

    return score


def weighted_rating(population: Population) -> Scorer:
    """IMDb's formula over the films' own ratings, or else those of the population; the same for everybody."""
    if population.films.rated_by_catalogue:
        scores = weighted_ratings(population.facts)
    else:
        mean = population.total / np.maximum(population.counts, 1.0)
        usual = mean[population.counts > 0].mean()
        scores = bayesian_average(mean, population.counts * VOTES_PER_RATING, usual)
    return lambda _person, _count: scores


def popularity(population: Population) -> Scorer:
    """How many of the population rated it."""
    return lambda _person, _count: population.counts


def random(population: Population) -> Scorer:
    """Chance, another for each person."""

    def score(person: Person, _count: int) -> Floats:
        return np.random.default_rng(int(person.times[0])).random(len(population.films.facts))

    return score


def static_mood(population: Population) -> Scorer:
    """Nearness of the genres' place to where somebody of unknown mood is met; the same for everybody."""
    distance = np.linalg.norm(population.shelf.affect - np.array(target(None, Goal.MATCH)), axis=1)
    return lambda _person, _count: -distance


def implicit_als(population: Population) -> Scorer:
    """Matrix factorisation of what was liked (Hu, Koren and Volinsky, 2008) by the library `implicit`."""
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415  # pyright: ignore  (an optional library)

    def liked(people: Sequence[Person]) -> Any:
        rows = [person.rows[person.ratings >= LIKED] for person in people]
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.concatenate(rows)
        shape = (len(people), len(population.films.facts))
        return csr_matrix(csr_array((np.ones(len(columns), dtype=np.float32), columns, ends), shape=shape))

    model: Any = AlternatingLeastSquares(factors=32, regularization=0.05, alpha=5.0, random_state=0, num_threads=1)
    model.fit(liked(population.people), show_progress=False)

    def score(person: Person, count: int) -> Floats:
        known = liked([Person(person.rows[:count], person.ratings[:count], person.times[:count])])
        if not known.nnz:
            return population.counts
        return np.asarray(model.item_factors @ model.recalculate_user(0, known), dtype=np.float64)

    return score


def rankers() -> Mapping[str, Callable[[Population], Scorer]]:
    """Every ranker that can run here, by name: the library's only where it is installed."""
    found = {
        "ours": ours,
        "weighted_rating": weighted_rating,
        "popularity": popularity,
        "random": random,
        "static_mood": static_mood,
    }
    return {**found, "implicit_als": implicit_als} if find_spec("implicit") else found
