"""Reviews of films that the catalogue has: `imdb_id` and `text`, and whatever else the file has."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from contracts.recommendation import Kind
from services.recommender import catalogue_store
from services.recommender.catalogue.records import Cells, ReviewRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.imdb_5000 import IMDB_ID
from services.recommender.importing.saving import Outcome, Seen, owners_of

MAX_CHARACTERS: Final = 100_000


class PublishedReview(NamedTuple):
    """A review as a file gives it; markup and all, which scoring takes out."""

    imdb_id: str
    text: str


def _parse(cells: Cells, _kind: Kind) -> PublishedReview:
    imdb_id, text = read.identifier(cells, "imdb_id", IMDB_ID), cells["text"].strip()
    if imdb_id is None or not text:
        raise ValueError("imdb_id or text is empty")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"text is longer than {MAX_CHARACTERS} characters")
    return PublishedReview(imdb_id, text)


def _save(connection: Connection, reviews: Sequence[PublishedReview], source: str, _seen: Seen) -> Outcome:
    catalogue_store.raise_revision(connection)
    owners = owners_of(connection, (("imdb", each.imdb_id) for each in reviews))
    known: list[ReviewRecord] = []
    rejected: dict[int, str] = {}
    for place, each in enumerate(reviews):
        if owner := owners.get(("imdb", each.imdb_id)):
            known.append(ReviewRecord(owner, each.text))
        else:
            rejected[place] = f"the catalogue has no film {each.imdb_id}: import the films first"
    added = catalogue_store.add_catalogue_reviews(connection, known, source, datetime.now(UTC))
    return Outcome(added=added, merged=len(known) - added, rejected=rejected)


FORMAT: Final = Format(
    name="reviews",
    kinds=frozenset({Kind.MOVIE}),
    columns=("imdb_id", "text"),
    parse=_parse,
    save=_save,
)
