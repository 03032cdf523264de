"""Alembic's entry."""

from servicekit.migration import run_migrations
from services.recommender.schema import Base

run_migrations(Base.metadata)
