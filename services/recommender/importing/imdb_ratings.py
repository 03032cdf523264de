"""IMDb's own title.ratings.tsv.gz: the mean rating and the votes of those films that the catalogue has."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from contracts.recommendation import Kind
from services.recommender import catalogue_store
from services.recommender.catalogue.records import Cells
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.imdb_5000 import IMDB_ID
from services.recommender.importing.imdb_titles import without_unknown
from services.recommender.importing.saving import Outcome, Seen, owners_of


class Rating(NamedTuple):
    """What IMDb's users say of a title."""

    imdb_id: str
    rating: float
    """0..10."""
    votes: int


def _parse(row: Cells, _kind: Kind) -> Rating:
    cells = without_unknown(row)
    imdb_id = read.identifier(cells, "tconst", IMDB_ID)
    rating = read.number(cells, "averagerating", read.RATINGS)
    votes = read.whole(cells, "numvotes", read.VOTES)
    if imdb_id is None or rating is None or votes is None:
        raise ValueError("tconst, averageRating or numVotes is empty")
    return Rating(imdb_id, rating, votes)


def _save(connection: Connection, ratings: Sequence[Rating], source: str, _seen: Seen) -> Outcome:
    owners = owners_of(connection, (("imdb", each.imdb_id) for each in ratings))
    known = {owner: (each.rating, each.votes) for each in ratings if (owner := owners.get(("imdb", each.imdb_id)))}
    catalogue_store.save_ratings(connection, known, source)
    return Outcome(updated=len(known), skipped=len(ratings) - len(known))


FORMAT: Final = Format(
    name="imdb-ratings",
    kinds=frozenset({Kind.MOVIE}),
    columns=("tconst", "averagerating", "numvotes"),
    parse=_parse,
    save=_save,
    quoted=False,
)
