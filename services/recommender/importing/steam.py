"""The Steam CSV: games with their app id, genres and players' tags, several in one cell."""

from dataclasses import replace
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items

STEAM_ID: Final = r"^\d{1,12}$"


def _parse(cells: Cells, kind: Kind) -> ItemRecord:
    genres = read.terms(cells, "genres", ";")
    game = replace(
        unplaced(kind, read.title(cells, "name"), year=read.whole(cells, "release", read.YEARS)),
        genres=genres,
        tags=[tag for tag in read.terms(cells, "tags", ";") if tag not in genres],
        external_ids=read.known(steam=read.identifier(cells, "game", STEAM_ID)),
    )
    return placed(game)


FORMAT: Final = Format(
    name="steam",
    kinds=frozenset({Kind.GAME}),
    columns=("game", "name", "release", "genres", "tags"),
    parse=_parse,
    save=save_items,
)
