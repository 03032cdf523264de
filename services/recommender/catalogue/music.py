"""Songs: id, title, creators, year, genres, tags, and audio features named as Spotify names them."""

from typing import Final

from contracts.emotion import Affect
from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord, number, terms, whole, words
from services.recommender.core.affect import SONG_SOURCE, song_affect

AUDIO_FEATURES: Final = (
    *("valence", "energy", "danceability", "acousticness", "tempo"),
    *("instrumentalness", "speechiness", "liveness", "loudness"),
)
UNKNOWN_SOURCE: Final = "unknown: no audio features"


def parse_song(cells: Cells) -> ItemRecord:
    """A song from a row.

    Raises:
        KeyError, ValueError: a column is missing or a number is none.
    """
    audio = {name: value for name in AUDIO_FEATURES if (value := number(cells, name)) is not None}
    affect = song_affect(audio)
    source = UNKNOWN_SOURCE if affect is None else SONG_SOURCE
    return ItemRecord(
        id=cells["id"],
        kind=Kind.MUSIC,
        title=cells["title"],
        creators=words(cells, "creators"),
        year=whole(cells, "year"),
        genres=terms(cells, "genres"),
        tags=terms(cells, "tags"),
        audio=audio,
        affect=affect or Affect(0.0, 0.0),
        valence_source=source,
        arousal_source=source,
    )
