"""The catalogue in the database: items, their external ids, their reviews' tone, and the revision of it all."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Table, bindparam, case, delete, func, or_, select, update

from contracts.emotion import Affect
from contracts.recommendation import TRAITS, Item, Kind
from servicekit.database import Row, upsert
from services.recommender.catalogue.records import STARTER_SOURCE, ItemRecord, ReviewRecord
from services.recommender.cluster_store import cluster_name, clusters_of
from services.recommender.core.affect import DIRECT_SOURCES, EMOTIONS_SOURCE, UNKNOWN, emotion_affinities, terms_place
from services.recommender.core.catalogue import Catalogue, ItemFacts
from services.recommender.core.prior import Prior
from services.recommender.core.tone import aggregate_tone
from services.recommender.revision import raise_revision, revision
from services.recommender.schema import ExternalIdRow, ItemRow, ReviewRow

ROWS_AT_ONCE: Final = 5000
IDS_AT_ONCE: Final = 500

_SOUNDS: Final = frozenset(kind for kind, traits in TRAITS.items() if traits.is_sound)
_ITEM: Final[Table] = ItemRow.metadata.tables["item"]
_EXTERNAL_ID: Final[Table] = ItemRow.metadata.tables["external_id"]
_REVIEW: Final[Table] = ItemRow.metadata.tables["review"]

# Written once: most lists read a few items, and building such a statement takes longer than running it.
_IDS: Final = bindparam("ids", expanding=True)
_ANSWERS: Final = (
    select(
        *(_ITEM.c[name] for name in Item.model_fields if name in _ITEM.c),
        _ITEM.c.valence_source,
        _ITEM.c.arousal_source,
        cluster_name().label("cluster"),
        _EXTERNAL_ID.c.provider,
        _EXTERNAL_ID.c.value,
    )
    .outerjoin_from(_ITEM, _EXTERNAL_ID, _EXTERNAL_ID.c.item_id == _ITEM.c.id)
    .where(_ITEM.c.id.in_(_IDS))
)
"""One row for each external id; one for an item without any."""
_NAMES: Final = select(_EXTERNAL_ID).where(_EXTERNAL_ID.c.item_id.in_(_IDS))


def save_items(connection: Connection, records: Iterable[ItemRecord], source: str) -> int:
    """Insert items, or update those whose id exists; what people said about them stays. Returns how many."""
    items = list(records)
    raise_revision(connection)
    saved = upsert(connection, _ITEM, (_item_row(item, source) for item in items))
    names = ((provider, value, item.id) for item in items for provider, value in item.external_ids.items())
    upsert(connection, _EXTERNAL_ID, ({"provider": p, "value": v, "item_id": i} for p, v, i in names))
    update_tones(connection, {item.id for item in items})
    return saved


def _item_row(item: ItemRecord, source: str) -> Row:
    return {
        "id": item.id,
        "kind": item.kind,
        "title": item.title,
        "creators": list(item.creators),
        "year": item.year,
        "genres": list(item.genres),
        "tags": list(item.tags),
        "rating": item.rating,
        "votes": item.votes,
        "duration_min": item.duration_min,
        "steps": list(item.steps),
        "good_for": list(item.good_for),
        "evidence": item.evidence,
        "audio": dict(item.audio),
        "valence": item.affect.valence,
        "valence_source": item.valence_source,
        "arousal": item.affect.arousal,
        "arousal_source": item.arousal_source,
        "source": source,
    }


def brought_elsewhere(connection: Connection, item_ids: Collection[str], source: str) -> set[str]:
    """Those of the items that the database has from another source."""
    query = select(ItemRow.id).where(ItemRow.source != source)
    portions = (connection.scalars(query.where(ItemRow.id.in_(ids))) for ids in _portions(item_ids))
    return {item_id for ids in portions for item_id in ids}


def save_catalogue_reviews(connection: Connection, reviews: Iterable[ReviewRecord], source: str, now: datetime) -> None:
    """Make the reviews of a source exactly these; one whose text has not changed keeps its score."""
    rows = {(row := _review_row(review, source, now))["id"]: row for review in reviews}
    query = select(ReviewRow.id, ReviewRow.item_id).where(ReviewRow.source == source)
    stale = {row.id: row.item_id for row in connection.execute(query) if row.id not in rows}
    for ids in _portions(stale):
        connection.execute(delete(ReviewRow).where(ReviewRow.id.in_(ids)))
    update_tones(connection, set(stale.values()))
    upsert(connection, _REVIEW, rows.values(), keep=True)


def add_catalogue_reviews(connection: Connection, reviews: Iterable[ReviewRecord], source: str, now: datetime) -> int:
    """Add those reviews that are not known yet; returns how many."""
    rows = {(row := _review_row(review, source, now))["id"]: row for review in reviews}
    known = {
        review_id
        for ids in _portions(rows)
        for review_id in connection.scalars(select(ReviewRow.id).where(ReviewRow.id.in_(ids)))
    }
    return upsert(connection, _REVIEW, (row for key, row in rows.items() if key not in known), keep=True)


def _review_row(review: ReviewRecord, source: str, now: datetime) -> Row:
    digest = blake2b(f"{source}\x1f{review.item_id}\x1f{review.text}".encode(), digest_size=16).hexdigest()
    return {"id": digest, "item_id": review.item_id, "text": review.text, "source": source, "created_at": now}


def unscored_reviews(connection: Connection, limit: int) -> dict[str, str]:
    """The texts of at most `limit` reviews without a sentiment, by id, the oldest first."""
    query = select(ReviewRow.id, ReviewRow.text).where(ReviewRow.scored_at.is_(None))
    rows = connection.execute(query.order_by(ReviewRow.created_at, ReviewRow.id).limit(limit))
    return {row.id: row.text for row in rows}


def count_unscored(connection: Connection) -> int:
    """How many reviews have no sentiment."""
    return connection.scalar(select(func.count()).select_from(ReviewRow).where(ReviewRow.scored_at.is_(None))) or 0


def save_sentiments(connection: Connection, sentiments: Mapping[str, float], now: datetime) -> None:
    """Store the sentiment of each review by id, and move the items they are about."""
    if not sentiments:
        return
    raise_revision(connection)
    connection.execute(
        update(_REVIEW)
        .where(_REVIEW.c.id == bindparam("review_id"))
        .values(sentiment=bindparam("score"), scored_at=bindparam("moment")),
        [{"review_id": key, "score": score, "moment": now} for key, score in sentiments.items()],
    )
    about = select(ReviewRow.item_id).where(ReviewRow.id.in_(sentiments)).distinct()
    update_tones(connection, set(connection.scalars(about)))


def update_tones(connection: Connection, item_ids: Collection[str]) -> None:
    """Recompute the tone of these items' reviews, and the mood of those that have any or had."""
    for ids in _portions(item_ids):
        scores = select(ReviewRow.item_id, func.sum(ReviewRow.sentiment).label("total"), func.count().label("number"))
        scored = scores.where(ReviewRow.item_id.in_(ids), ReviewRow.scored_at.is_not(None)).group_by(ReviewRow.item_id)
        tones = scored.subquery()
        query = select(_ITEM, tones.c.total, tones.c.number).outerjoin(tones, tones.c.item_id == ItemRow.id)
        moved = or_(tones.c.number.is_not(None), ItemRow.review_count > 0)
        for row in connection.execute(query.where(ItemRow.id.in_(ids), moved)).mappings().all():
            number = row["number"] or 0
            tone = aggregate_tone(row["total"] or 0.0, number)
            values = {"review_tone": tone, "review_count": number, **_toned(row, tone)}
            connection.execute(update(ItemRow).where(ItemRow.id == row["id"]).values(values))


def save_ratings(connection: Connection, ratings: Mapping[str, tuple[float, int]], source: str) -> None:
    """Give items, by id, a rating and its votes, and move those whose place depends on it. Starter items count as
    this source's from then on: the starter catalogue does not undo it."""
    raise_revision(connection)
    for ids in _portions(ratings):
        changed: list[dict[str, Any]] = []
        for row in connection.execute(select(_ITEM).where(ItemRow.id.in_(ids))).mappings():
            rating, votes = ratings[row["id"]]
            brought_by = source if row["source"] == STARTER_SOURCE else row["source"]
            item = {**row, "rating": rating, "votes": votes, "source": brought_by}
            changed.append({**item, **_toned(item, row["review_tone"])})
        upsert(connection, _ITEM, changed)


def _toned(item: Mapping[Any, Any], tone: float | None) -> dict[str, Any]:
    """The place that an item of the table takes for its rating and reviews; none where it was said of itself or is
    heard."""
    if item["valence_source"] in DIRECT_SOURCES or item["kind"] in _SOUNDS:
        return {}
    place = terms_place(item["genres"], item["tags"], tone, item["rating"], item["votes"])
    sources = {"valence_source": place.valence_source, "arousal_source": place.arousal_source}
    return {"valence": place.affect.valence, "arousal": place.affect.arousal, **sources}


def load_catalogue(connection: Connection, priors: Mapping[Kind, Prior] | None = None) -> Catalogue:
    """The whole catalogue as ranking sees it, with what was learned of people's taste in each kind."""
    return Catalogue(_facts(connection), revision(connection), priors)


def _facts(connection: Connection) -> Iterator[ItemFacts]:
    clusters = clusters_of(connection)
    named = select(ExternalIdRow.item_id, ExternalIdRow.value).where(ExternalIdRow.provider == "imdb")
    imdb = {row.item_id: row.value for row in connection.execute(named)}
    columns = (ItemRow.id, ItemRow.kind, ItemRow.genres, ItemRow.tags, ItemRow.creators, ItemRow.rating, ItemRow.votes)
    place = (ItemRow.valence, ItemRow.arousal, ItemRow.valence_source)
    query = select(*columns, *place, ItemRow.good_for, ItemRow.year).order_by(ItemRow.id)
    for row in connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}):
        # A kind that a newer version has brought is not for this one to rank.
        if row.kind not in set(Kind):
            continue
        cluster = clusters.get(row.id)
        yield ItemFacts(
            id=row.id,
            kind=Kind(row.kind),
            affect=Affect(row.valence, row.arousal),
            genres=row.genres,
            tags=row.tags,
            creators=row.creators,
            rating=row.rating,
            votes=row.votes,
            good_for=row.good_for,
            cluster=cluster.name if cluster else "",
            cluster_emotions=cluster.emotions if cluster else (),
            year=row.year,
            imdb=imdb.get(row.id, ""),
            is_placed=not row.valence_source.startswith(UNKNOWN),
        )


def items(connection: Connection, item_ids: Collection[str]) -> dict[str, Item]:
    """Everything a person is shown of these items, by id."""
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    rows: dict[str, RowMapping] = {}
    for row in connection.execute(_ANSWERS, {"ids": list(item_ids)}).mappings():
        rows[row["id"]] = row
        if row["provider"] is not None:
            names[row["id"]][row["provider"]] = row["value"]
    return {
        item_id: Item.model_validate(
            {**row, **_mood(row), "external_ids": names[item_id], "cluster": row["cluster"] or ""}
        )
        for item_id, row in rows.items()
    }


def _mood(row: RowMapping) -> dict[str, Any]:
    """An item's affinities, rounded as a person can tell them apart, and what its numbers rest on."""
    affinities = emotion_affinities(Affect(row["valence"], row["arousal"]))
    sources = {"valence": row["valence_source"], "arousal": row["arousal_source"], "emotions": EMOTIONS_SOURCE}
    return {"emotions": {name: round(value, 3) for name, value in affinities.items()}, "sources": sources}


class MoodCount(NamedTuple):
    """How many items of a kind a dataset has brought."""

    kind: str
    source: str
    items: int
    with_mood: int
    """Those whose valence is not unknown."""


def mood_counts(connection: Connection) -> list[MoodCount]:
    """For each kind and dataset, in their order."""
    known = func.sum(case((ItemRow.valence_source.startswith(UNKNOWN), 0), else_=1))
    query = select(ItemRow.kind, ItemRow.source, func.count(), known).group_by(ItemRow.kind, ItemRow.source)
    return [MoodCount(*row) for row in connection.execute(query.order_by(ItemRow.kind, ItemRow.source))]


def mean_rating(connection: Connection, kind: Kind) -> float:
    """Of the rated items of a kind, 0..10; 5 where none is rated."""
    return connection.scalar(select(func.avg(ItemRow.rating)).where(ItemRow.kind == kind)) or 5.0


def stored_items(connection: Connection, kind: Kind) -> Iterator[tuple[Mapping[str, Any], dict[str, str]]]:
    """The row of each item of a kind in the order of the ids, and its external ids, in constant memory."""
    query = select(_ITEM).where(ItemRow.kind == kind).order_by(ItemRow.id)
    rows = connection.execute(query, execution_options={"yield_per": IDS_AT_ONCE}).mappings()
    for portion in rows.partitions():
        names = _external_ids(connection, [row["id"] for row in portion])
        yield from ((dict(row), names[row["id"]]) for row in portion)


def _external_ids(connection: Connection, item_ids: Collection[str]) -> defaultdict[str, dict[str, str]]:
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(_NAMES, {"ids": list(item_ids)}):
        names[row.item_id][row.provider] = row.value
    return names


def _portions(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + IDS_AT_ONCE] for start in range(0, len(ordered), IDS_AT_ONCE))
