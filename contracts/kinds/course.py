"""Courses: something to learn, with a teacher or from a school."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=7,
    title="Courses",
    nouns=("course", "courses"),
    named_by=("creator", "title"),
    finish_rest=timedelta(days=365),
)
