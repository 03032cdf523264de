"""Films: id, title, creators, year, genres, tags, imdb_id, rating (0..10) and, where known, votes."""

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord, external_ids, number, terms, whole, words
from services.recommender.core.affect import TERMS_SOURCE, terms_affect


def parse_movie(cells: Cells) -> ItemRecord:
    """A film from a row.

    Raises:
        KeyError, ValueError: a column is missing or a number is none.
    """
    genres, tags = terms(cells, "genres"), terms(cells, "tags")
    return ItemRecord(
        id=cells["id"],
        kind=Kind.MOVIE,
        title=cells["title"],
        creators=words(cells, "creators"),
        year=whole(cells, "year"),
        genres=genres,
        tags=tags,
        rating=number(cells, "rating"),
        votes=whole(cells, "votes"),
        external_ids=external_ids(cells, imdb="imdb_id"),
        affect=terms_affect(genres, tags),
        valence_source=TERMS_SOURCE,
        arousal_source=TERMS_SOURCE,
    )
