"""What the recommender asks of its database: the tables of this version."""

from sqlalchemy import Connection

from servicekit.migration import require_version
from services.recommender.schema import SCHEMA_VERSION


def require_migrated(connection: Connection) -> None:
    """Return if the tables that this version needs are there.

    Raises:
        NotMigratedError: they are not.
    """
    require_version(connection, SCHEMA_VERSION)
