"""The recommender's database: the kit's, with the tables of this version."""

from sqlalchemy import Connection

from servicekit.database import BUSY_TIMEOUT_S, Database, Offloader, Row, open_engine, upsert
from servicekit.migration import require_version
from services.recommender.schema import SCHEMA_VERSION

__all__ = ["BUSY_TIMEOUT_S", "Database", "Offloader", "Row", "open_engine", "require_migrated", "upsert"]


def require_migrated(connection: Connection) -> None:
    """Return if the tables that this version needs are there.

    Raises:
        NotMigratedError: they are not.
    """
    require_version(connection, SCHEMA_VERSION)
