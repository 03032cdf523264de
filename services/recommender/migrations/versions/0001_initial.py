"""The catalogue, people and what they said, and the song clusters.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_catalogue()
    create_people()
    create_clusters()


def downgrade() -> None:
    names = "cluster_member cluster cluster_model shown review feedback person catalogue_revision external_id item"
    for name in names.split():
        op.drop_table(name)


def create_catalogue() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("creators", JSON, nullable=False),
        sa.Column("year", sa.Integer()),
        sa.Column("genres", JSON, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("rating", sa.Double()),
        sa.Column("votes", sa.Integer()),
        sa.Column("duration_min", sa.Integer()),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("good_for", JSON, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("audio", JSON, nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("valence_source", sa.Text(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("arousal_source", sa.Text(), nullable=False),
        sa.Column("review_tone", sa.Double()),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_index(op.f("ix_item_kind_valence_arousal"), "item", ["kind", "valence", "arousal"])
    op.create_table(
        "external_id",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_external_id_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("provider", "value", name=op.f("pk_external_id")),
    )
    op.create_index(op.f("ix_external_id_item_id"), "external_id", ["item_id"])
    op.create_table(
        "catalogue_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_revision")),
    )
    op.execute("insert into catalogue_revision (id, revision) values (1, 0)")


def create_people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("mood_state", sa.String(length=20)),
        sa.Column("mood_valence", sa.Double()),
        sa.Column("mood_arousal", sa.Double()),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_feedback_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_feedback_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_feedback_user_id_idempotency_key")),
    )
    op.create_index(op.f("ix_feedback_item_id"), "feedback", ["item_id"])
    op.create_index(op.f("ix_feedback_user_id_item_id_occurred_at"), "feedback", ["user_id", "item_id", "occurred_at"])
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.String(length=64)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128)),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sentiment", sa.Double()),
        sa.Column("scored_at", MOMENT),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_review_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_review_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_review_user_id_idempotency_key")),
    )
    op.create_index(op.f("ix_review_item_id_scored_at"), "review", ["item_id", "scored_at"])
    op.create_index(op.f("ix_review_scored_at"), "review", ["scored_at"])
    op.create_table(
        "shown",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("sitting_at", MOMENT, nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("shown_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_shown_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "sitting_at", "item_id", name=op.f("pk_shown")),
    )


def create_clusters() -> None:
    op.create_table(
        "cluster_model",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("silhouette", sa.Double(), nullable=False),
        sa.Column("features", JSON, nullable=False),
        sa.Column("candidates", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_model")),
    )
    op.create_table(
        "cluster",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("emotions", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["cluster_model.id"], name=op.f("fk_cluster_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "number", name=op.f("pk_cluster")),
    )
    op.create_table(
        "cluster_member",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_cluster_member_item_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["model_id"], ["cluster_model.id"], name=op.f("fk_cluster_member_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "item_id", name=op.f("pk_cluster_member")),
    )
