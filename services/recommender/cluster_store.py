"""The song clusters in the database. Every computation is a new model; the newest one counts."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, ScalarSelect, Table, delete, func, insert, select

from contracts.emotion import Affect
from contracts.recommendation import TRAITS, Cluster
from services.recommender.core.clustering import Clustering, Song
from services.recommender.database import upsert
from services.recommender.schema import ClusterMemberRow, ClusterModelRow, ClusterRow, ItemRow

KEPT_MODELS: Final = 3

_SOUNDS: Final = [kind for kind, traits in TRAITS.items() if traits.is_sound]
_CLUSTER: Final[Table] = ClusterRow.metadata.tables["cluster"]
_MEMBER: Final[Table] = ClusterRow.metadata.tables["cluster_member"]


def songs(connection: Connection) -> list[Song]:
    """Every song that has audio features, in the order of the ids."""
    query = select(ItemRow.id, ItemRow.audio, ItemRow.valence, ItemRow.arousal).where(ItemRow.kind.in_(_SOUNDS))
    rows = connection.execute(query.order_by(ItemRow.id))
    return [Song(row.id, row.audio, Affect(row.valence, row.arousal)) for row in rows if row.audio]


def latest_fingerprint(connection: Connection) -> str | None:
    """Of the songs that the newest model was computed from."""
    query = select(ClusterModelRow.fingerprint).order_by(ClusterModelRow.id.desc()).limit(1)
    return connection.scalar(query)


def latest_clusters(connection: Connection) -> tuple[list[Cluster], datetime | None]:
    """The newest model's clusters, the largest first, and when they were computed; none before the first time."""
    model = connection.execute(
        select(ClusterModelRow.id, ClusterModelRow.computed_at).where(ClusterModelRow.id == _latest_id())
    ).first()
    if model is None:
        return [], None
    query = select(_CLUSTER).where(ClusterRow.model_id == model.id)
    rows = connection.execute(query.order_by(ClusterRow.size.desc(), ClusterRow.number))
    return [Cluster.model_validate(row, from_attributes=True) for row in rows], model.computed_at


def clusters_of(connection: Connection, item_ids: Collection[str] | None = None) -> dict[str, Cluster]:
    """The cluster that each song, or each of these, belongs to in the newest model."""
    clusters = {
        row.number: Cluster.model_validate(row, from_attributes=True)
        for row in connection.execute(select(_CLUSTER).where(ClusterRow.model_id == _latest_id()))
    }
    members = select(ClusterMemberRow.item_id, ClusterMemberRow.number).where(ClusterMemberRow.model_id == _latest_id())
    if item_ids is not None:
        members = members.where(ClusterMemberRow.item_id.in_(item_ids))
    return {row.item_id: clusters[row.number] for row in connection.execute(members)}


def save_clustering(connection: Connection, clustering: Clustering, now: datetime) -> None:
    """Add a model, and drop all but the newest `KEPT_MODELS`. Readers see all of it or nothing."""
    fields = {
        "computed_at": now,
        "fingerprint": clustering.fingerprint,
        "seed": clustering.seed,
        "silhouette": clustering.silhouette,
        "features": list(clustering.features),
        "candidates": {str(k): score for k, score in clustering.candidates.items()},
    }
    model = connection.scalar(insert(ClusterModelRow).values(fields).returning(ClusterModelRow.id))
    rows = ({"model_id": model, "number": n, **each.model_dump()} for n, each in enumerate(clustering.clusters))
    upsert(connection, _CLUSTER, rows)
    members = ({"model_id": model, "item_id": song, "number": n} for song, n in clustering.members.items())
    upsert(connection, _MEMBER, members)
    kept = select(ClusterModelRow.id).order_by(ClusterModelRow.id.desc()).limit(KEPT_MODELS)
    connection.execute(delete(ClusterModelRow).where(ClusterModelRow.id.not_in(kept)))


def _latest_id() -> ScalarSelect[int]:
    return select(func.max(ClusterModelRow.id)).scalar_subquery()
