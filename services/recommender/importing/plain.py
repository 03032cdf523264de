"""The plain CSV, for whatever has no format of its own; docs/catalogue.md describes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from contracts.emotion import EMOTIONS, Affect
from contracts.recommendation import TRAITS, Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.core.affect import GIVEN_SOURCE
from services.recommender.importing import cells as read
from services.recommender.importing.formats import EVERY_KIND, Format
from services.recommender.importing.imdb_5000 import IMDB_ID, MINUTES
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items
from services.recommender.importing.spotify_top_hits import audio_features
from services.recommender.importing.steam import STEAM_ID

SPOTIFY_ID: Final = r"^[0-9A-Za-z]{22}$"
SIGNED: Final = (-1.0, 1.0)
MAX_EVIDENCE: Final = 2000


def parse_item(cells: Cells, kind: Kind) -> ItemRecord:
    """An item from a row.

    Raises:
        ValueError: a cell makes no sense.
    """
    title, creators = read.title(cells, "title"), read.words(cells, "creators")
    record = replace(
        unplaced(kind, title, creators, read.whole(cells, "year", read.YEARS)),
        genres=read.terms(cells, "genres"),
        tags=read.terms(cells, "tags"),
        rating=read.number(cells, "rating", read.RATINGS),
        votes=read.whole(cells, "votes", read.VOTES),
        duration_min=read.whole(cells, "duration_min", MINUTES),
        steps=read.words(cells, "steps"),
        good_for=_emotions(cells),
        evidence=cells.get("evidence", "").strip()[:MAX_EVIDENCE],
        audio=audio_features(cells) if TRAITS[kind].is_sound else {},
        external_ids=_external_ids(cells),
    )
    return placed(record) if TRAITS[kind].is_sound else _at_given_place(record, cells)


def _emotions(cells: Cells) -> list[str]:
    names = read.terms(cells, "good_for")
    if unknown := [name for name in names if name not in set(EMOTIONS)]:
        raise ValueError(f"good_for names no emotion: {unknown[0]!r}; choose of {', '.join(EMOTIONS)}")
    return names


def _external_ids(cells: Cells) -> Mapping[str, str]:
    return read.known(
        imdb=read.identifier(cells, "imdb_id", IMDB_ID),
        steam=read.identifier(cells, "steam_id", STEAM_ID),
        spotify=read.identifier(cells, "spotify_id", SPOTIFY_ID),
    )


def _at_given_place(record: ItemRecord, cells: Cells) -> ItemRecord:
    valence, arousal = read.number(cells, "valence", SIGNED), read.number(cells, "arousal", SIGNED)
    if (valence is None) is not (arousal is None):
        raise ValueError("valence and arousal are given together or not at all")
    if valence is None or arousal is None:
        return placed(record)
    place = Affect(valence, arousal)
    return replace(record, affect=place, valence_source=GIVEN_SOURCE, arousal_source=GIVEN_SOURCE)


FORMAT: Final = Format(name="plain", kinds=EVERY_KIND, columns=("title",), parse=parse_item, save=save_items)
