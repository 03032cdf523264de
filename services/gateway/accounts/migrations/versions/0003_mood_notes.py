"""People's moods over time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mood_note",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "at", name="pk_mood_note"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_mood_note_account_id", ondelete="CASCADE"),
    )
    op.create_index("ix_mood_note_at", "mood_note", ["at"])
