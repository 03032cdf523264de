"""How the clusters were found, and models that are written in portions.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    for name in ("stability", "explained_variance", "plane"):
        op.add_column("cluster_model", sa.Column(name, JSON))
    op.add_column("cluster_model", sa.Column("is_complete", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("cluster", sa.Column("centre", JSON))
