"""Accounts, credentials, and the tokens that are no longer good."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64)),
        sa.Column("password_hash", sa.Text()),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.Integer()),
        sa.Column("consent_at", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_index("ix_account_seen_at", "account", ["seen_at"])
    op.create_table(
        "credential",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_credential"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_credential_account_id", ondelete="CASCADE"),
    )
    op.create_index("ix_credential_account_id", "credential", ["account_id"])
    op.create_table(
        "revoked_token",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revoked_token"),
    )
    op.create_table(
        "forgotten",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forgotten"),
    )
