"""The "Top Hits Spotify from 2000-2019" CSV: songs with Spotify's audio features and several genres in one cell."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items

SHARE: Final = (0.0, 1.0)
AUDIO_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(("valence", "energy", "danceability", "acousticness"), SHARE),
    "tempo": (0.0, 400.0),
    **dict.fromkeys(("instrumentalness", "speechiness", "liveness"), SHARE),
    "loudness": (-100.0, 20.0),
    "mode": SHARE,
}
"""Spotify's audio features, and the units they come in: shares, beats per minute, decibels; the mode is 1 for major."""


def audio_features(cells: Cells) -> dict[str, float]:
    """The audio features that are known.

    Raises:
        ValueError: one is no number or out of its bounds.
    """
    values = {name: read.number(cells, name, bounds) for name, bounds in AUDIO_BOUNDS.items()}
    # A tempo of nought is how Spotify says that it found no beat.
    return {name: value for name, value in values.items() if value is not None and (name, value) != ("tempo", 0.0)}


def _parse(cells: Cells, kind: Kind) -> ItemRecord:
    title, artist, year = read.title(cells, "song"), read.title(cells, "artist"), read.whole(cells, "year", read.YEARS)
    genres = read.terms(cells, "genre", ",")
    song = replace(
        unplaced(kind, title, [artist], year),
        # The dataset's own word for a genre that it does not know.
        genres=[genre for genre in genres if genre != "set()"],
        audio=audio_features(cells),
    )
    return placed(song)


FORMAT: Final = Format(
    name="spotify-top-hits",
    kinds=frozenset({Kind.MUSIC}),
    columns=("artist", "song", "valence", "energy"),
    parse=_parse,
    save=save_items,
)
