"""Films."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=2,
    title="Movies",
    nouns=("film", "films"),
    named_by=("title", "year"),
    finish_rest=timedelta(days=60),
    links={"imdb": "https://www.imdb.com/title/{}/"},
)
