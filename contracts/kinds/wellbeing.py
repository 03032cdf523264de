"""Well-being activities: something to do, step by step."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=4,
    title="Well-being",
    nouns=("activity", "activities"),
    named_by=("title",),
    finish_rest=timedelta(hours=12),
)
