"""Games: id, title, creators, year, genres, tags, steam_id, rating (0..10), valence and arousal (-1..1)."""

from typing import Final

from contracts.emotion import Affect
from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord, external_ids, number, terms, whole, words

SOURCE: Final = "editorial estimate"


def parse_game(cells: Cells) -> ItemRecord:
    """A game from a row.

    Raises:
        KeyError, ValueError: a column is missing or a number is none.
    """
    return ItemRecord(
        id=cells["id"],
        kind=Kind.GAME,
        title=cells["title"],
        creators=words(cells, "creators"),
        year=whole(cells, "year"),
        genres=terms(cells, "genres"),
        tags=terms(cells, "tags"),
        rating=number(cells, "rating"),
        external_ids=external_ids(cells, steam="steam_id"),
        affect=Affect(float(cells["valence"]), float(cells["arousal"])),
        valence_source=SOURCE,
        arousal_source=SOURCE,
    )
