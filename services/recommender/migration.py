"""Brings the database to this version: the schema by Alembic, then the starter catalogue."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from services.recommender.database import Database
from services.recommender.errors import NotMigratedError
from services.recommender.schema import SCHEMA_VERSION

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x454D4F56
"""Any number will do, as long as every migration takes the same one."""


def migrate(database: Database) -> None:
    """Create or change the tables in one transaction; two migrations at once wait for each other.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses; nothing has changed.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_migrated(connection: Connection) -> None:
    """Return if the tables that this version needs are there.

    Raises:
        NotMigratedError: they are not.
    """
    if not inspect(connection).has_table("alembic_version"):
        raise NotMigratedError
    version = connection.scalar(text("select version_num from alembic_version"))
    if version is None or version < SCHEMA_VERSION:
        raise NotMigratedError
