"""The song clusters in the database. Every computation is a new model; the newest complete one counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, ScalarSelect, Table, delete, func, insert, select, update

from contracts.recommendation import TRAITS, Cluster, ClusterReport, ConsideredCount
from servicekit.database import Database, upsert
from services.recommender.core.clustering import AUDIO_FEATURES, Clustering, Songs, Spot
from services.recommender.revision import raise_revision
from services.recommender.schema import ClusterMemberRow, ClusterModelRow, ClusterRow, ItemRow

KEPT_MODELS: Final = 3
MEMBERS_AT_ONCE: Final = 20_000
"""Written in one transaction: whoever gives feedback waits no longer than this takes."""
ABANDONED_AFTER: Final = timedelta(hours=1)
"""A model that is not complete by then has lost its writer."""

_SOUNDS: Final = [kind for kind, traits in TRAITS.items() if traits.is_sound]
_CLUSTER: Final[Table] = ClusterRow.metadata.tables["cluster"]
_MEMBER: Final[Table] = ClusterRow.metadata.tables["cluster_member"]


def songs(connection: Connection) -> Songs:
    """Every song that has audio features, in the order of the ids."""
    query = select(ItemRow.id, ItemRow.audio, ItemRow.valence, ItemRow.arousal).where(ItemRow.kind.in_(_SOUNDS))
    rows = connection.execute(query.order_by(ItemRow.id), execution_options={"yield_per": 5000})
    ids: list[str] = []
    numbers: list[np.ndarray[Any, Any]] = []
    for row in rows:
        if row.audio:
            audio = [row.audio.get(name, np.nan) for name in AUDIO_FEATURES]
            ids.append(row.id)
            numbers.append(np.array([*audio, row.valence, row.arousal], dtype=np.float32))
    table = np.array(numbers, dtype=np.float32).reshape(len(ids), len(AUDIO_FEATURES) + 2)
    return Songs(ids, table[:, :-2], table[:, -2:])


def latest_fingerprint(connection: Connection) -> str | None:
    """Of the songs that the newest model was computed from."""
    return connection.scalar(select(ClusterModelRow.fingerprint).where(ClusterModelRow.id == _latest_id()))


def latest_report(connection: Connection) -> tuple[ClusterReport, list[Spot]]:
    """The newest model, and its songs in the plane with their cluster's place in it; empty before the first time."""
    columns = ClusterModelRow.metadata.tables["cluster_model"]
    model = connection.execute(select(columns).where(ClusterModelRow.id == _latest_id())).first()
    if model is None:
        return ClusterReport(), []
    stability: dict[str, float] = model.stability or {}
    considered = {
        int(count): ConsideredCount(count=int(count), silhouette=silhouette, stability=stability.get(count, 0.0))
        for count, silhouette in model.candidates.items()
    }
    clusters = _clusters(connection, model.id)
    numbers = sorted(clusters, key=lambda number: (-clusters[number].size, number))
    report = ClusterReport(
        version=model.id,
        computed_at=model.computed_at,
        clusters=[clusters[number] for number in numbers],
        features=model.features,
        silhouette=model.silhouette,
        stability=considered[len(clusters)].stability,
        considered=[considered[count] for count in sorted(considered)],
        explained_variance=model.explained_variance or [],
    )
    return report, [Spot(x, y, numbers.index(int(number))) for x, y, number in model.plane or []]


def _clusters(connection: Connection, model_id: int | ScalarSelect[int]) -> dict[int, Cluster]:
    query = select(_CLUSTER).where(ClusterRow.model_id == model_id).order_by(ClusterRow.number)
    rows = connection.execute(query).mappings()
    return {row["number"]: Cluster.model_validate({**row, "centre": row["centre"] or {}}) for row in rows}


def clusters_of(connection: Connection) -> dict[str, Cluster]:
    """The cluster that each song belongs to in the newest model."""
    clusters = _clusters(connection, _latest_id())
    members = select(ClusterMemberRow.item_id, ClusterMemberRow.number).where(ClusterMemberRow.model_id == _latest_id())
    return {row.item_id: clusters[row.number] for row in connection.execute(members)}


def cluster_name() -> ScalarSelect[str]:
    """The same by name, for each row of a query of items; null where it belongs to none."""
    is_its = (ClusterMemberRow.model_id == ClusterRow.model_id) & (ClusterMemberRow.number == ClusterRow.number)
    named = select(ClusterRow.name).join(ClusterMemberRow, is_its).where(ClusterMemberRow.model_id == _latest_id())
    return named.where(ClusterMemberRow.item_id == ItemRow.id).correlate(ItemRow).scalar_subquery()


def save_clustering(database: Database, songs: Songs, clustering: Clustering, now: datetime) -> None:
    """Add a model in portions, then let it count, and drop all but the newest `KEPT_MODELS`. Readers see all of it or
    nothing."""
    with database.writing() as connection:
        connection.execute(delete(ClusterModelRow).where(_is_abandoned(now)))
        model_id = _add_model(connection, clustering, now)
    for members in _portions(songs, clustering, model_id):
        with database.writing() as connection:
            upsert(connection, _MEMBER, members)
    with database.writing() as connection:
        raise_revision(connection)
        connection.execute(update(ClusterModelRow).where(ClusterModelRow.id == model_id).values(is_complete=True))
        complete = select(ClusterModelRow.id).where(ClusterModelRow.is_complete)
        kept = complete.order_by(ClusterModelRow.id.desc()).limit(KEPT_MODELS)
        connection.execute(delete(ClusterModelRow).where(ClusterModelRow.is_complete, ClusterModelRow.id.not_in(kept)))


def _is_abandoned(now: datetime) -> Any:
    return ~ClusterModelRow.is_complete & (ClusterModelRow.computed_at < now - ABANDONED_AFTER)


def _add_model(connection: Connection, clustering: Clustering, now: datetime) -> int:
    fields = {
        "computed_at": now,
        "fingerprint": clustering.fingerprint,
        "seed": clustering.seed,
        "silhouette": clustering.chosen.silhouette,
        "features": list(clustering.features),
        "candidates": {str(each.count): each.silhouette for each in clustering.considered},
        "stability": {str(each.count): each.stability for each in clustering.considered},
        "explained_variance": list(clustering.explained_variance),
        "plane": [list(spot) for spot in clustering.plane],
        "is_complete": False,
    }
    model_id = connection.scalars(insert(ClusterModelRow).values(fields).returning(ClusterModelRow.id)).one()
    rows = ({"model_id": model_id, "number": n, **each.model_dump()} for n, each in enumerate(clustering.clusters))
    upsert(connection, _CLUSTER, rows)
    return model_id


def _portions(songs: Songs, clustering: Clustering, model_id: int) -> Iterator[list[dict[str, Any]]]:
    pairs = zip(songs.ids, clustering.numbers, strict=True)
    members = ({"model_id": model_id, "item_id": song, "number": number} for song, number in pairs)
    while portion := list(islice(members, MEMBERS_AT_ONCE)):
        yield portion


def _latest_id() -> ScalarSelect[int]:
    return select(func.max(ClusterModelRow.id)).where(ClusterModelRow.is_complete).scalar_subquery()
