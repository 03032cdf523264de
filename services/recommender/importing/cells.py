"""Cells of a published file, checked: whatever leaves here fits the database and means what it says."""

import re
from math import isfinite
from typing import Final

from services.recommender.catalogue.records import Cells

MAX_TITLE: Final = 300
MAX_WORD: Final = 200
MAX_WORDS: Final = 30
"""Genres, tags or creators of one item; what comes after them is left out."""
YEARS: Final = (-3000, 2200)
RATINGS: Final = (0.0, 10.0)
VOTES: Final = (0, 2**31 - 1)


def title(cells: Cells, column: str) -> str:
    """A title without the space around it.

    Raises:
        ValueError: it is empty or too long.
    """
    text = " ".join(cells[column].split())
    if not text:
        raise ValueError(f"{column} is empty")
    if len(text) > MAX_TITLE:
        raise ValueError(f"{column} is longer than {MAX_TITLE} characters")
    return text


def words(cells: Cells, column: str, separator: str = "|") -> list[str]:
    """The entries of a list cell, as written, each once.

    Raises:
        ValueError: one is too long.
    """
    entries = (" ".join(part.split()) for part in cells.get(column, "").split(separator))
    found = list(dict.fromkeys(entry for entry in entries if entry))[:MAX_WORDS]
    if any(len(word) > MAX_WORD for word in found):
        raise ValueError(f"{column} has an entry longer than {MAX_WORD} characters")
    return found


def terms(cells: Cells, column: str, separator: str = "|") -> list[str]:
    """The entries of a list cell of genres or tags: lower case, each once."""
    return list(dict.fromkeys(word.lower() for word in words(cells, column, separator)))


def number(cells: Cells, column: str, bounds: tuple[float, float]) -> float | None:
    """A number within the bounds, or None where it is unknown.

    Raises:
        ValueError: the cell holds something else.
    """
    text = cells.get(column, "").strip()
    if not text:
        return None
    low, high = bounds
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{column} is no number: {text[:MAX_WORD]!r}") from None
    if not isfinite(value) or not low <= value <= high:
        raise ValueError(f"{column} is not between {low:g} and {high:g}: {text[:MAX_WORD]}")
    return value


def whole(cells: Cells, column: str, bounds: tuple[int, int]) -> int | None:
    """A whole number within the bounds, or None where it is unknown.

    Raises:
        ValueError: the cell holds something else.
    """
    value = number(cells, column, bounds)
    return None if value is None else round(value)


def identifier(cells: Cells, column: str, pattern: str) -> str | None:
    """The part of the cell that is an external id, or None where the cell is empty.

    Raises:
        ValueError: the cell holds no such id.
    """
    text = cells.get(column, "").strip()
    if not text:
        return None
    if (found := re.search(pattern, text)) is None:
        raise ValueError(f"{column} holds no id: {text[:MAX_WORD]!r}")
    return found[0]


def known(**values: str | None) -> dict[str, str]:
    """Those external ids, by provider, that are known."""
    return {name: value for name, value in values.items() if value}
