"""Alembic's entry."""

from servicekit.migration import run_migrations
from services.gateway.accounts.schema import VERSION_TABLE, Base

run_migrations(Base.metadata, VERSION_TABLE)
