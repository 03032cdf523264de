"""Brings a service's tables to the version that its code needs, by Alembic."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import stamina
from alembic import command, context
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, inspect, text

from servicekit.database import Database, DatabaseUnavailableError, NotMigratedError, open_engine
from servicekit.errors import ConfigurationError

PATIENCE_S: Final = 60.0
_LOCK: Final = 0x454D4F56
"""Any number will do, as long as every migration takes the same one."""

T = TypeVar("T")


class NewerDatabaseError(ConfigurationError):
    """The tables are of a release that this code does not know."""

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"The database was migrated by a newer release than this one ({reason}).",
            "Run that release, or restore a backup from before its upgrade; nothing has been changed.",
            code="database_newer",
        )


def migrate(database: Database, migrations: Path) -> None:
    """Create or change the tables in one transaction; two migrations at once wait for each other.

    Args:
        migrations: Alembic's folder, with an `env.py` that calls `run_migrations`.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses; nothing has changed.
        NewerDatabaseError: it is of a newer release; nothing has changed.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations))
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise NewerDatabaseError(error) from error


def run_migrations(metadata: MetaData, version_table: str = "alembic_version") -> None:
    """What an `env.py` does: migrate inside the transaction that `migrate` has opened."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=version_table,
        # SQLite cannot alter most things: Alembic copies the table instead.
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


def require_version(connection: Connection, version: str, version_table: str = "alembic_version") -> None:
    """Return if the tables are at this version at least.

    Raises:
        NotMigratedError: they are not.
    """
    if not inspect(connection).has_table(version_table):
        raise NotMigratedError
    found = connection.scalar(text(f"select version_num from {version_table}"))  # noqa: S608  (a name of our own)
    if found is None or found < version:
        raise NotMigratedError


def when_reachable(database_url: str, work: Callable[[Database], T]) -> T:
    """The result of `work` on a database that may still be starting.

    Raises:
        DatabaseUnavailableError: it does not answer within `PATIENCE_S`.
    """
    engine = open_engine(database_url)
    try:
        for attempt in stamina.retry_context(
            on=DatabaseUnavailableError, attempts=None, timeout=PATIENCE_S, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                return work(Database(engine))
    finally:
        engine.dispose()
    raise AssertionError("unreachable: the attempts end with a result or an error")
