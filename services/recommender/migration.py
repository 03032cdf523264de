"""Brings the database to this version: the schema by Alembic, then the starter catalogue."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import stamina
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from services.recommender import catalogue_store
from services.recommender.catalogue.loading import STARTER_SOURCE, starter_items, starter_reviews
from services.recommender.database import Database, open_engine
from services.recommender.errors import DatabaseUnavailableError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
PATIENCE_S: Final = 60.0
_LOCK: Final = 0x454D4F56
"""Any number will do, as long as every migration takes the same one."""

_log = structlog.get_logger(__name__)


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


def prepare_database(database_url: str) -> None:
    """Bring the schema and the starter catalogue up to date; what people said stays. Waits a while for the database.

    Raises:
        DatabaseUnavailableError: it does not answer within `PATIENCE_S`.
    """
    engine = open_engine(database_url)
    database = Database(engine)
    try:
        for attempt in stamina.retry_context(
            on=DatabaseUnavailableError, attempts=None, timeout=PATIENCE_S, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                migrate(database)
        saved = load_starter(database)
        _log.info("database ready", items=saved)
    finally:
        engine.dispose()


def load_starter(database: Database) -> int:
    """Insert the starter catalogue or update it by id, in one transaction; returns the number of items saved.

    What an import has brought or enriched stays as it is.
    """
    with database.writing() as connection:
        items = {item.id: item for item in starter_items()}
        own = items.keys() - catalogue_store.brought_elsewhere(connection, items, STARTER_SOURCE)
        saved = catalogue_store.save_items(connection, (items[item_id] for item_id in sorted(own)), STARTER_SOURCE)
        catalogue_store.save_catalogue_reviews(connection, starter_reviews(), STARTER_SOURCE, datetime.now(UTC))
    return saved
