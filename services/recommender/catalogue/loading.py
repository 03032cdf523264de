"""Reads the starter catalogue, which comes with the package: a plain CSV for each kind, named after it."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord, ReviewRecord
from services.recommender.core.affect import EDITORIAL_SOURCE, GIVEN_SOURCE
from services.recommender.importing.plain import parse_item

STARTER: Final = Path(__file__).parent / "starter"


def starter_items() -> Iterator[ItemRecord]:
    """Every item of the starter catalogue; a kind without a file has none."""
    for kind in Kind:
        yield from (_by_us(parse_item(row, kind)) for row in _rows(kind))


def starter_reviews() -> Iterator[ReviewRecord]:
    """The reviews that come with it, in our own words."""
    return (ReviewRecord(row["movie_id"], row["text"]) for row in _rows("reviews"))


def _by_us(item: ItemRecord) -> ItemRecord:
    if item.valence_source != GIVEN_SOURCE:
        return item
    return replace(item, valence_source=EDITORIAL_SOURCE, arousal_source=EDITORIAL_SOURCE)


def _rows(name: str) -> Iterator[Cells]:
    path = STARTER / f"{name}.csv"
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file, strict=True)
