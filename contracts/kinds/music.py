"""Songs."""

from datetime import timedelta
from typing import Final

from contracts.traits import Traits

TRAITS: Final = Traits(
    place=1,
    title="Music",
    nouns=("song", "songs"),
    named_by=("creator", "title"),
    finish_rest=timedelta(hours=2),
    links={"spotify": "https://open.spotify.com/track/{}"},
    is_sound=True,
)
