"""What people say of the features of items.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taste_word",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("feature_group", sa.String(length=20), nullable=False),
        sa.Column("feature_value", sa.Text(), nullable=False),
        sa.Column("word", sa.String(length=20), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_taste_word_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "feature_group", "feature_value", name=op.f("pk_taste_word")),
    )
