"""The tables. Change them together with a migration in `migrations/versions`, and raise `SCHEMA_VERSION`."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, Index, MetaData, String, Text, UniqueConstraint, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from servicekit.database import NAMING, UtcDateTime

SCHEMA_VERSION: Final = "0005"
"""The newest migration this code needs. A newer database serves an older program: columns are only ever added."""

Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)


class ItemRow(Base):
    """Something to recommend, as its source gave it, and where it lies in the valence-arousal plane."""

    __tablename__ = "item"
    __table_args__ = (Index(None, "kind", "valence", "arousal"),)

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(Text)
    creators: Mapped[list[str]] = mapped_column(Json)
    year: Mapped[int | None]
    genres: Mapped[list[str]] = mapped_column(Json)
    tags: Mapped[list[str]] = mapped_column(Json)
    rating: Mapped[float | None]
    """0..10."""
    votes: Mapped[int | None]
    duration_min: Mapped[int | None]
    steps: Mapped[list[str]] = mapped_column(Json)
    good_for: Mapped[list[str]] = mapped_column(Json)
    """Names of `contracts.emotion.Emotion`."""
    evidence: Mapped[str] = mapped_column(Text)
    audio: Mapped[dict[str, float]] = mapped_column(Json)
    """Audio features by name, in the units of their source."""
    valence: Mapped[float]
    valence_source: Mapped[str] = mapped_column(Text)
    arousal: Mapped[float]
    arousal_source: Mapped[str] = mapped_column(Text)
    review_tone: Mapped[float | None]
    """-1..1, aggregated over the item's scored reviews; null while there are none."""
    review_count: Mapped[int] = mapped_column(default=0)
    source: Mapped[str] = mapped_column(String(40))
    """The dataset the item came from."""


class ExternalIdRow(Base):
    """The name of an item at a provider. One name means one item, whichever dataset brings it."""

    __tablename__ = "external_id"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(100), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), index=True)


class RevisionRow(Base):
    """One row, whose number rises with every change of the catalogue or of the clusters."""

    __tablename__ = "catalogue_revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]


class PersonRow(Base):
    """Somebody who has told us something."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedbackRow(Base):
    """What a person did with an item, and the mood they were in, which nobody could find out later."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("user_id", "idempotency_key"), Index(None, "user_id", "item_id", "occurred_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"), index=True)
    action: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    idempotency_key: Mapped[str] = mapped_column(String(128))
    mood_state: Mapped[str | None] = mapped_column(String(20))
    mood_valence: Mapped[float | None]
    mood_arousal: Mapped[float | None]
    progress: Mapped[float | None]
    """How far they were in the item, 0..1."""
    rating: Mapped[float | None]
    """0..10, of the action "rate"."""


class MoodCorrectionRow(Base):
    """A person's word on the mood they were in."""

    __tablename__ = "mood_correction"
    __table_args__ = (UniqueConstraint("user_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20))
    detected: Mapped[str | None] = mapped_column(String(20))
    """The state that was; null where nobody was seen."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    idempotency_key: Mapped[str] = mapped_column(String(128))


class TasteWordRow(Base):
    """A person's word on a feature of items."""

    __tablename__ = "taste_word"

    user_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    feature_group: Mapped[str] = mapped_column(String(20), primary_key=True)
    feature_value: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(String(20))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReviewRow(Base):
    """A review of an item; without a user where it came with a catalogue."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("user_id", "idempotency_key"), Index(None, "item_id", "scored_at"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sentiment: Mapped[float | None]
    """-1..1; null until a worker has scored it."""
    scored_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class ShownRow(Base):
    """That an item was shown to a person in a sitting: a window of time, in which lists stay stable."""

    __tablename__ = "shown"
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sitting_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    shown_at: Mapped[datetime] = mapped_column(UtcDateTime)
    propensity: Mapped[float | None]
    """About how probable chance made it, 0..1; null where chance had no part."""


class ClusterModelRow(Base):
    """One computation of the song clusters. The newest complete one counts."""

    __tablename__ = "cluster_model"

    id: Mapped[int] = mapped_column(primary_key=True)
    computed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of the songs and their features: the same songs need no second computation."""
    seed: Mapped[int]
    silhouette: Mapped[float]
    features: Mapped[list[str]] = mapped_column(Json)
    candidates: Mapped[dict[str, Any]] = mapped_column(Json)
    """The silhouette of each number of clusters that was tried."""
    stability: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The stability of each."""
    explained_variance: Mapped[list[float] | None] = mapped_column(Json)
    plane: Mapped[list[list[float]] | None] = mapped_column(Json)
    """Some songs' first two principal components, and the number of their cluster."""
    is_complete: Mapped[bool] = mapped_column(server_default=true())
    """Whether all its members are there; until then nobody reads it."""


class ClusterRow(Base):
    """One cluster of a model."""

    __tablename__ = "cluster"

    model_id: Mapped[int] = mapped_column(ForeignKey("cluster_model.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(100))
    valence: Mapped[float]
    arousal: Mapped[float]
    size: Mapped[int]
    emotions: Mapped[list[str]] = mapped_column(Json)
    centre: Mapped[dict[str, float] | None] = mapped_column(Json)
    """The mean of each audio feature."""


class ClusterMemberRow(Base):
    """Which cluster of a model a song belongs to."""

    __tablename__ = "cluster_member"

    model_id: Mapped[int] = mapped_column(ForeignKey("cluster_model.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]
