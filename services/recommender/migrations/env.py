"""Alembic's entry: runs inside the transaction that `migration.migrate` has opened."""

from alembic import context

from services.recommender.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter most things: Alembic copies the table instead.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
