"""An item as a source gives it, and the cells of its row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.emotion import Affect
from contracts.recommendation import Kind

SEPARATOR: Final = "|"

Cells = Mapping[str, str]
"""A row by column name; an empty cell is an unknown value."""


@dataclass(frozen=True)
class ItemRecord:
    """Everything a source says about an item."""

    id: str
    kind: Kind
    title: str
    affect: Affect
    valence_source: str
    arousal_source: str
    creators: Sequence[str] = ()
    year: int | None = None
    genres: Sequence[str] = ()
    """Lower case."""
    tags: Sequence[str] = ()
    """Lower case."""
    rating: float | None = None
    """0..10."""
    votes: int | None = None
    duration_min: int | None = None
    steps: Sequence[str] = ()
    good_for: Sequence[str] = ()
    """Names of `contracts.emotion.Emotion`."""
    evidence: str = ""
    audio: Mapping[str, float] = field(default_factory=dict[str, float])
    external_ids: Mapping[str, str] = field(default_factory=dict[str, str])
    """By provider: "imdb", "spotify", "steam"."""


@dataclass(frozen=True)
class ReviewRecord:
    """A review that comes with a catalogue."""

    item_id: str
    text: str


def words(cells: Cells, column: str) -> list[str]:
    """The entries of a list cell, as written."""
    return [entry for part in cells.get(column, "").split(SEPARATOR) if (entry := part.strip())]


def terms(cells: Cells, column: str) -> list[str]:
    """The entries of a list cell of genres or tags: lower case, each once."""
    return list(dict.fromkeys(word.lower() for word in words(cells, column)))


def number(cells: Cells, column: str) -> float | None:
    """A number, or None where it is unknown.

    Raises:
        ValueError: the cell holds something else.
    """
    text = cells.get(column, "").strip()
    return float(text) if text else None


def whole(cells: Cells, column: str) -> int | None:
    """A whole number, or None where it is unknown.

    Raises:
        ValueError: the cell holds something else.
    """
    value = number(cells, column)
    return None if value is None else round(value)


def external_ids(cells: Cells, **columns: str) -> dict[str, str]:
    """The known external ids; `columns` names the column of each provider."""
    return {provider: value for provider, column in columns.items() if (value := cells.get(column, "").strip())}
