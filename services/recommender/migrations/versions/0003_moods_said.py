"""How far people were in an item, what they rated it, and what they said of their mood."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("feedback", sa.Column("progress", sa.Double()))
    op.add_column("feedback", sa.Column("rating", sa.Double()))
    op.create_table(
        "mood_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("detected", sa.String(length=20)),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["person.id"], name=op.f("fk_mood_correction_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mood_correction")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_mood_correction_user_id_idempotency_key")),
    )
