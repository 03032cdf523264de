"""IMDb's own title.basics.tsv.gz: what titles are called, and their genres. Only films for everybody are taken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.imdb_5000 import IMDB_ID, MINUTES
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items

FILMS: Final = frozenset({"movie", "tvMovie"})
UNKNOWN: Final = r"\N"


def without_unknown(cells: Cells) -> Mapping[str, str]:
    """The row with an empty cell where IMDb writes that it does not know."""
    return {name: "" if cell == UNKNOWN else cell for name, cell in cells.items()}


def _parse(row: Cells, kind: Kind) -> ItemRecord | None:
    if row["titletype"] not in FILMS or row["isadult"] != "0":
        return None
    cells = without_unknown(row)
    title, year = read.title(cells, "primarytitle"), read.whole(cells, "startyear", read.YEARS)
    imdb_id = read.identifier(cells, "tconst", IMDB_ID)
    if imdb_id is None:
        raise ValueError("tconst is empty")
    film = replace(
        unplaced(kind, title, year=year),
        genres=read.terms(cells, "genres", ","),
        duration_min=read.whole(cells, "runtimeminutes", MINUTES),
        external_ids={"imdb": imdb_id},
    )
    return placed(film)


FORMAT: Final = Format(
    name="imdb-titles",
    kinds=frozenset({Kind.MOVIE}),
    columns=("tconst", "titletype", "primarytitle", "isadult", "startyear", "runtimeminutes", "genres"),
    parse=_parse,
    save=save_items,
    quoted=False,
)
