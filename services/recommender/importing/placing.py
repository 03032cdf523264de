"""Where an imported item lies in the valence-arousal plane, and what one item is that two sources describe."""

from collections.abc import Sequence
from dataclasses import replace

from contracts.emotion import Affect
from contracts.recommendation import TRAITS, Kind
from services.recommender.catalogue.records import ItemRecord
from services.recommender.core.affect import DIRECT_SOURCES, UNKNOWN_SOURCE, terms_place
from services.recommender.core.sentiment import sentiment
from services.recommender.core.sound import song_place
from services.recommender.importing.cells import MAX_WORDS
from services.recommender.importing.identity import item_id


def placed(record: ItemRecord) -> ItemRecord:
    """The record at the place that its sound, or its genres, tags and rating, suggest."""
    if TRAITS[record.kind].is_sound:
        place = song_place(record.audio, [*record.genres, *record.tags], sentiment(record.title))
    else:
        place = terms_place(record.genres, record.tags, rating=record.rating, votes=record.votes)
    return replace(record, **place._asdict())


def unplaced(kind: Kind, title: str, creators: Sequence[str] = (), year: int | None = None) -> ItemRecord:
    """A record to be filled and placed."""
    name = item_id(kind, title, creators, year)
    nowhere = (Affect(0.0, 0.0), UNKNOWN_SOURCE, UNKNOWN_SOURCE)
    return ItemRecord(name, kind, title, *nowhere, creators=creators, year=year)


def merged(old: ItemRecord, new: ItemRecord) -> ItemRecord:
    """One item of two descriptions: the newer one's statements, where it makes any, and the words of both.

    Keeps the id of the old one, and its rating where more people gave it.
    """
    rated = new if new.rating is not None and (new.votes or 0) >= (old.votes or 0) else old
    both = replace(
        old,
        title=new.title,
        creators=new.creators or old.creators,
        year=old.year if new.year is None else new.year,
        genres=_union(old.genres, new.genres),
        tags=_union(old.tags, new.tags),
        rating=rated.rating,
        votes=rated.votes,
        duration_min=old.duration_min if new.duration_min is None else new.duration_min,
        steps=new.steps or old.steps,
        good_for=new.good_for or old.good_for,
        evidence=new.evidence or old.evidence,
        audio={**old.audio, **new.audio},
        external_ids={**old.external_ids, **new.external_ids},
    )
    direct = next((each for each in (new, old) if each.valence_source in DIRECT_SOURCES), None)
    if direct is None:
        return placed(both)
    sources = {"valence_source": direct.valence_source, "arousal_source": direct.arousal_source}
    return replace(both, affect=direct.affect, **sources)


def _union(old: Sequence[str], new: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*old, *new]))[:MAX_WORDS]
