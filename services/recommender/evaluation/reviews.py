"""How well the sentiment of reviews agrees with the stars that their writers gave."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from servicekit.errors import InvalidInputError
from services.recommender.core.sentiment import sentiment, whole_sentiment
from services.recommender.core.tone import aggregate_tone
from services.recommender.importing import cells as read
from services.recommender.importing.errors import MissingColumnsError
from services.recommender.importing.lines import LineReader
from services.recommender.importing.rows import Row, RowReader, read_header

COLUMNS: Final = ("imdb_id", "rating", "text")
GOOD: Final = 6.0
"""Stars of ten from which on a review counts as good."""
STARS: Final = (1.0, 10.0)
RESAMPLES: Final = 1000
MIN_REVIEWS: Final = 10


class StarredReview(NamedTuple):
    """A review and the stars that its writer gave."""

    film: str
    stars: float
    """1..10."""
    text: str


def read_reviews(path: Path) -> list[StarredReview]:
    """The reviews of a CSV with `imdb_id`, `rating` and `text`; rows that lack one are left out.

    Raises:
        UnreadableFileError: it cannot be read.
        MissingColumnsError: a column is missing.
        InvalidInputError: there are not enough good and bad reviews to compare.
    """
    reader = LineReader(path)
    try:
        lines = iter(reader)
        header = read_header(lines, path)
        if not set(COLUMNS) <= set(header.columns):
            raise MissingColumnsError(header.columns, [("reviews with stars", COLUMNS)])
        reviews = list(_reviews(RowReader(lines, header, quoted=True)))
    finally:
        reader.close()
    if min(sum(each.stars >= GOOD for each in reviews), sum(each.stars < GOOD for each in reviews)) < MIN_REVIEWS:
        raise InvalidInputError(
            f"{path} has fewer than {MIN_REVIEWS} good or fewer than {MIN_REVIEWS} bad reviews with a text and stars.",
            f"Give more reviews, with stars from {STARS[0]:g} to {STARS[1]:g}.",
        )
    return reviews


def _reviews(rows: RowReader) -> Iterator[StarredReview]:
    for row in rows:
        if not isinstance(row, Row):
            continue
        try:
            stars = read.number(row.cells, "rating", STARS)
        except ValueError:
            continue
        if stars is not None and row.cells["text"].strip():
            yield StarredReview(row.cells["imdb_id"], stars, row.cells["text"])


def agreement(reviews: Sequence[StarredReview]) -> dict[str, Any]:
    """For each way to score: the rank correlation of scores and stars, and the AUC of good against bad reviews, of
    single reviews and of films; and how much more the mean over sentences has of each, with a 95 % interval."""
    stars = np.array([review.stars for review in reviews])
    ways = {name: np.array([score(review.text) for review in reviews]) for name, score in WAYS.items()}
    return {
        "reviews": len(reviews),
        "films": len({review.film for review in reviews}),
        "of_reviews": {name: _measures(scores, stars) for name, scores in ways.items()},
        "of_films": {name: _of_films(reviews, scores) for name, scores in ways.items()},
        "gain_of_sentences": _gain(ways["sentences"], ways["whole"], stars),
    }


WAYS: Final[dict[str, Callable[[str], float]]] = {"sentences": sentiment, "whole": whole_sentiment}


def _measures(scores: Any, stars: Any) -> dict[str, float]:
    return {
        "rank_correlation": _rank_correlation(scores, stars),
        "auc": round(float(roc_auc_score(stars >= GOOD, scores)), 4),
    }


def _of_films(reviews: Sequence[StarredReview], scores: Any) -> dict[str, float]:
    """The rank correlation of the films' tones, as the catalogue has them, and their mean stars."""
    pairs = sorted((review.film, review.stars, float(score)) for review, score in zip(reviews, scores, strict=True))
    by_film = [list(group) for _, group in groupby(pairs, key=lambda pair: pair[0])]
    tones = [aggregate_tone(sum(score for *_, score in group), len(group)) for group in by_film]
    means = [sum(stars for _, stars, _ in group) / len(group) for group in by_film]
    return {"rank_correlation": _rank_correlation(tones, means)}


def _rank_correlation(some: Any, others: Any) -> float:
    """Spearman's; 0 where either is always the same."""
    if min(len(set(some)), len(set(others))) < 2:  # noqa: PLR2004
        return 0.0
    correlation: Any = spearmanr(some, others)
    return round(float(correlation.statistic), 4)


def _gain(scores: Any, others: Any, stars: Any) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    gains: list[float] = []
    while len(gains) < RESAMPLES:
        rows = draw.integers(len(stars), size=len(stars))
        good = stars[rows] >= GOOD
        if good.any() and not good.all():
            gains.append(float(roc_auc_score(good, scores[rows]) - roc_auc_score(good, others[rows])))
    good = stars >= GOOD
    low, high = np.quantile(gains, [0.025, 0.975])
    gain = float(roc_auc_score(good, scores) - roc_auc_score(good, others))
    return {"auc": round(gain, 4), "interval": [round(float(low), 4), round(float(high), 4)]}


def table(report: dict[str, Any]) -> str:
    """The measures in lines."""
    low, high = report["gain_of_sentences"]["interval"]
    lines = [f"{report['reviews']} reviews of {report['films']} films"]
    for name, measures in report["of_reviews"].items():
        films = report["of_films"][name]["rank_correlation"]
        lines.append(
            f"{name:10}rank correlation {measures['rank_correlation']:.3f}, AUC {measures['auc']:.3f}; "
            f"of films {films:.3f}"
        )
    return "\n".join([*lines, f"gain in AUC {report['gain_of_sentences']['auc']:.3f} ({low:.3f} to {high:.3f})"])
