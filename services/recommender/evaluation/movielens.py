"""Reads the files of MovieLens latest-small, and the IMDB 5000 file that tells more of the same films."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from contracts.recommendation import Kind
from servicekit.errors import InvalidInputError
from services.recommender.core.affect import terms_affect
from services.recommender.core.catalogue import Floats, ItemFacts
from services.recommender.core.opinions import Opinion
from services.recommender.core.prior import Rows

POINTS_PER_STAR: Final = 2.0
MAX_STARS: Final = 5.0
NO_GENRE: Final = "(no genres listed)"
_PEOPLE_COLUMNS: Final = ("director_name", "actor_1_name", "actor_2_name", "actor_3_name")
_IMDB_COLUMNS: Final = (
    *("plot_keywords", "imdb_score", "num_voted_users", "title_year", "movie_imdb_link"),
    *_PEOPLE_COLUMNS,
)


class Person(NamedTuple):
    """What one person rated, in time order."""

    rows: Rows
    """(r,), of the items."""
    ratings: Floats
    """(r,), 1..10."""
    times: Floats
    """(r,), seconds since 1970."""
    key: str = ""
    """The same for the same person in any file of theirs: a digest of the first thing they rated."""

    def opinions(self, facts: Sequence[ItemFacts], count: int) -> list[Opinion]:
        """The first `count` ratings, as live feedback says them."""
        told = zip(self.rows[:count], self.ratings[:count], self.times[:count], strict=True)
        return [Opinion.rated(facts[row].id, float(rating), _moment(at)) for row, rating, at in told]


@dataclass(frozen=True)
class RatedFilms:
    """Films, and people who rated them."""

    facts: Sequence[ItemFacts]
    people: Sequence[Person]
    rejected: int
    """Ratings of films that the film file does not have, or out of range."""
    rated_by_catalogue: bool
    """Whether the films came with ratings of their own."""


def read_rated_films(ratings: Path, movies: Path, links: Path, imdb: Path | None = None) -> RatedFilms:
    """The people and films of MovieLens; with the IMDB 5000 file, only its films, with its people, keywords and votes.

    Raises:
        InvalidInputError: a file is missing or is not what it should be.
    """
    films = _table(movies, ("movieId", "title", "genres")).merge(_table(links, ("movieId", "imdbId")), on="movieId")
    films = films.dropna(subset=["imdbId"]).drop_duplicates("imdbId")
    told = _table(ratings, ("userId", "movieId", "rating", "timestamp"))
    sound = told[told["movieId"].isin(_table(movies, ("movieId",))["movieId"]) & told["rating"].between(0.5, MAX_STARS)]
    details = _imdb_details(imdb) if imdb else None
    facts = {row.movieId: _facts(row, details) for row in films.itertuples()}
    known = {movie: fact for movie, fact in facts.items() if fact is not None}
    places = {movie: row for row, movie in enumerate(known)}
    rated = _in_order(sound[sound["movieId"].isin(places)])
    rows = rated.assign(row=rated["movieId"].map(places))
    keys = {row.userId: _key(row) for row in _in_order(told).drop_duplicates("userId").itertuples()}
    return RatedFilms(
        list(known.values()),
        [_person(group, keys[user]) for user, group in rows.groupby("userId")],
        len(told) - len(sound),
        details is not None,
    )


def _in_order(ratings: pd.DataFrame) -> pd.DataFrame:
    return ratings.sort_values(["userId", "timestamp", "movieId"], kind="stable")


def _key(first: Any) -> str:
    told = f"{first.movieId} {first.rating} {first.timestamp}".encode()
    return blake2b(told, digest_size=4).hexdigest()


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path} cannot be read: {error}.", "Give the path of a CSV file.") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InvalidInputError(f"{path} lacks {', '.join(missing)}.", "Give the file as it was published.")
    return table


def _imdb_details(path: Path) -> dict[int, Any]:
    table = _table(path, _IMDB_COLUMNS)
    numbers = table["movie_imdb_link"].str.extract(r"/tt(\d+)")[0].astype(float)
    usable = table.assign(imdb=numbers).dropna(subset=["imdb", "imdb_score"]).drop_duplicates("imdb")
    return {int(row.imdb): row for row in usable.itertuples()}  # pyright: ignore[reportArgumentType]  (a pandas cell)


def _facts(film: Any, details: dict[int, Any] | None) -> ItemFacts | None:
    number = int(film.imdbId)
    genres = [] if film.genres == NO_GENRE else _terms(film.genres)
    if details is not None:
        return _detailed(number, genres, details[number]) if number in details else None
    year = str(film.title).strip()[-5:-1]
    return _film(number, genres, year=int(year) if year.isdecimal() else None)


def _detailed(number: int, genres: list[str], row: Any) -> ItemFacts:
    people = [getattr(row, column) for column in _PEOPLE_COLUMNS]
    return _film(number, genres, _terms(row.plot_keywords), _whole(row.title_year))._replace(
        creators=[name for name in people if isinstance(name, str)],
        rating=float(row.imdb_score),
        votes=_whole(row.num_voted_users),
    )


def _film(number: int, genres: list[str], tags: Sequence[str] = (), year: int | None = None) -> ItemFacts:
    return ItemFacts(
        id=f"imdb:tt{number:07d}",
        imdb=f"tt{number:07d}",
        kind=Kind.MOVIE,
        affect=terms_affect(genres, tags),
        genres=genres,
        tags=tags,
        creators=[],
        rating=None,
        votes=None,
        good_for=[],
        cluster="",
        cluster_emotions=[],
        year=year,
    )


def _terms(cell: Any) -> list[str]:
    return [term.strip().lower() for term in cell.split("|")] if isinstance(cell, str) else []


def _whole(cell: Any) -> int | None:
    return None if pd.isna(cell) else int(cell)


def _person(group: pd.DataFrame, key: str) -> Person:
    stars = group["rating"].to_numpy(dtype=np.float64)
    return Person(
        rows=group["row"].to_numpy(dtype=np.intp),
        ratings=stars * POINTS_PER_STAR,
        times=group["timestamp"].to_numpy(dtype=np.float64),
        key=key,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
