"""Video games."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=3,
    title="Games",
    nouns=("game", "games"),
    named_by=("title",),
    finish_rest=timedelta(days=60),
    links={"steam": "https://store.steampowered.com/app/{}/"},
)
