"""People's Spotify, and which song is which track there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spotify",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("premium", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_spotify"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_spotify_account_id", ondelete="CASCADE"),
    )
    op.create_table(
        "spotify_match",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("uri", sa.String(100), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spotify_match"),
    )
