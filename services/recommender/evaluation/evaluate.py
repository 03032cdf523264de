"""Compares rankers on people whose ratings none of them has learned from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.recommender.core.catalogue import Floats
from services.recommender.core.prior import Prior, Rows, Voice
from services.recommender.evaluation.metrics import LENGTH, auc, diversity, ndcg, novelty
from services.recommender.evaluation.movielens import Person, RatedFilms
from services.recommender.evaluation.rankers import Population, Scorer, rankers

FIRST: Final = (0, 5, 20)
"""Ratings learned from."""
TESTED_AFTER: Final = 20
MIN_RATINGS: Final = 40
FOLDS: Final = 10

Report = dict[str, dict[str, dict[str, float]]]
"""Ranker -> measure -> first ratings -> value."""


@dataclass
class _Tally:
    measures: defaultdict[str, list[float]]
    listed: set[int]


def evaluate(films: RatedFilms, others: Mapping[str, Voice] | None = None, folds: int = FOLDS, seed: int = 0) -> Report:
    """Every ranker's mean measures over the people with at least `MIN_RATINGS` ratings.

    Each person is ranked for by what was learned from the people of the other folds: their first n ratings are told,
    and what follows their `TESTED_AFTER`th is ranked. Coverage, novelty and diversity are those of the ten best of all
    films that were not told.

    Args:
        others: what was learned from people who are not among these, see `strangers`.
    """
    tallies: defaultdict[tuple[str, int], _Tally] = defaultdict(lambda: _Tally(defaultdict(list), set()))
    for population, tested in _folds(films, others or {}, folds, seed):
        for name, learn in rankers().items():
            scorer = learn(population)
            for person in tested:
                for count in FIRST:
                    _judge(tallies[name, count], population, scorer, person, count)
    report: Report = defaultdict(dict)
    for (name, count), tally in tallies.items():
        for measure, value in _summary(tally, len(films.facts)).items():
            report[name].setdefault(measure, {})[str(count)] = round(value, 4)
    return dict(report)


def eligible(films: RatedFilms) -> int:
    """How many people have rated enough to be tested."""
    return sum(len(person.rows) >= MIN_RATINGS for person in films.people)


def strangers(films: RatedFilms, prior: Prior | None) -> Mapping[str, Voice]:
    """What a prior says of films, if none of these people had a part in it; else nothing."""
    has_met = prior is None or any(person.key in prior.learned_from for person in films.people)
    return {} if prior is None or has_met else prior.voices


def _folds(
    films: RatedFilms, voices: Mapping[str, Voice], folds: int, seed: int
) -> Iterator[tuple[Population, list[Person]]]:
    fold_of = np.random.default_rng(seed).permutation(len(films.people)) % folds
    for fold in range(folds):
        others = [person for person, own in zip(films.people, fold_of, strict=True) if own != fold]
        people = [person for person, own in zip(films.people, fold_of, strict=True) if own == fold]
        yield Population(films, others, voices), [person for person in people if len(person.rows) >= MIN_RATINGS]


def _judge(tally: _Tally, population: Population, scorer: Scorer, person: Person, count: int) -> None:
    scores = scorer(person, count)
    later = slice(TESTED_AFTER, None)
    ratings, ranked = person.ratings[later], scores[person.rows[later]]
    picks = _ten_best(scores, person.rows[:count])
    found = {
        "auc": auc(ratings, ranked),
        "ndcg10": ndcg(ratings, ranked),
        "novelty": novelty(population.counts / len(population.people), picks),
        "diversity": diversity(population.shelf.features[picks].toarray()),
    }
    for measure, value in found.items():
        if value is not None:
            tally.measures[measure].append(value)
    tally.listed.update(map(int, picks))


def _ten_best(scores: Floats, told: Rows) -> Rows:
    left = scores.copy()
    left[told] = -np.inf
    return np.argsort(-left, kind="stable")[:LENGTH]


def _summary(tally: _Tally, items: int) -> Mapping[str, float]:
    means = {measure: float(np.mean(values)) for measure, values in tally.measures.items()}
    return {**means, "coverage": len(tally.listed) / items}
