"""Reads the starter catalogue, which comes with the package."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from services.recommender.catalogue.games import parse_game
from services.recommender.catalogue.movies import parse_movie
from services.recommender.catalogue.music import parse_song
from services.recommender.catalogue.records import Cells, ItemRecord, ReviewRecord
from services.recommender.catalogue.wellbeing import parse_activity

STARTER: Final = Path(__file__).parent / "starter"
STARTER_SOURCE: Final = "starter"

PARSERS: Final[Mapping[str, Callable[[Cells], ItemRecord]]] = {
    "music": parse_song,
    "movies": parse_movie,
    "games": parse_game,
    "wellbeing": parse_activity,
}
"""How to read a row, by the name of its file."""


def starter_items() -> Iterator[ItemRecord]:
    """Every item of the starter catalogue."""
    for name, parse in PARSERS.items():
        yield from map(parse, _rows(name))


def starter_reviews() -> Iterator[ReviewRecord]:
    """The reviews that come with it, in our own words."""
    return (ReviewRecord(row["movie_id"], row["text"]) for row in _rows("reviews"))


def _rows(name: str) -> Iterator[Cells]:
    with (STARTER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)
