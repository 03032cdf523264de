"""MovieLens' movies.csv: films with year and genres. The year stands in the title, the article behind it."""

import re
from dataclasses import replace
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items

NO_GENRES: Final = "(no genres listed)"
_NAMED: Final = re.compile(
    r"(?P<title>.+?)(?:, (?P<article>The|An?|L[aeo]s?|Les|El|Il|Der|Die|Das))?(?: \((?!\d{4}\)$)[^()]*\))*"
    r"(?: \((?P<year>\d{4})\))?"
)
"""For example "Golden Letter, The (Lettre d'or, La) (1995)": what the film is called elsewhere is left out."""


def _parse(cells: Cells, kind: Kind) -> ItemRecord:
    whole = read.title(cells, "title")
    named = _NAMED.fullmatch(whole)
    title = " ".join(filter(None, (named["article"], named["title"]))) if named else whole
    year = read.whole({"title": named["year"] or ""} if named else {}, "title", read.YEARS)
    genres = [genre for genre in read.terms(cells, "genres") if genre != NO_GENRES]
    return placed(replace(unplaced(kind, title, year=year), genres=genres))


FORMAT: Final = Format(
    name="movielens-movies",
    kinds=frozenset({Kind.MOVIE}),
    columns=("movieid", "title", "genres"),
    parse=_parse,
    save=save_items,
)
