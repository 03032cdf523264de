"""Podcasts: whole shows, which go on."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=6,
    title="Podcasts",
    nouns=("podcast", "podcasts"),
    named_by=("creator", "title"),
    finish_rest=timedelta(days=1),
)
