"""An item as a source gives it, and the cells of its row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.emotion import Affect
from contracts.recommendation import Kind

STARTER_SOURCE: Final = "starter"
"""The dataset that comes with the package."""

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
