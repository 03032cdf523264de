"""What one kind of item has that others have not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Name = Literal["creator", "title", "year"]


@dataclass(frozen=True)
class Traits:
    """What everything else needs to know of a kind."""

    place: int
    """Where it stands among the kinds wherever they are listed, from 1."""
    title: str
    """What a list of its items is headed."""
    nouns: tuple[str, str]
    """What one item, and what several, are called in a sentence."""
    named_by: Sequence[Name]
    """What tells an item from the others of its kind: its id is made of these."""
    finish_rest: timedelta
    """How soon something finished is welcome again: songs and exercises are repeated, stories less so. Editorial."""
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where an item is found elsewhere: by provider, the address with `{}` in place of its id there."""
    is_sound: bool = False
    """Whether its items have audio features: `valence` then means the feature of the sound, 0..1."""
