"""Books."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=5,
    title="Books",
    nouns=("book", "books"),
    named_by=("creator", "title"),
    finish_rest=timedelta(days=365),
)
