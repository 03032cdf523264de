"""Brings the database to this version: the schema by Alembic, then the starter catalogue."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from servicekit import migration
from servicekit.database import Database
from services.recommender import catalogue_store
from services.recommender.catalogue.loading import starter_items, starter_reviews
from services.recommender.catalogue.records import STARTER_SOURCE
from services.recommender.importing.saving import owners_of
from services.recommender.revision import raise_revision

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_log = structlog.get_logger(__name__)


def migrate(database: Database) -> None:
    """Create or change the tables; see `servicekit.migration.migrate`."""
    migration.migrate(database, MIGRATIONS)


def prepare_database(database_url: str) -> None:
    """Bring the schema and the starter catalogue up to date; what people said stays. Waits a while for the database.

    Raises:
        DatabaseUnavailableError: it does not answer within `servicekit.migration.PATIENCE_S`.
    """
    _log.info("database ready", items=migration.when_reachable(database_url, _prepare))


def _prepare(database: Database) -> int:
    migrate(database)
    return load_starter(database)


def load_starter(database: Database) -> int:
    """Insert the starter catalogue or update it by id, in one transaction; returns the number of items saved.

    What an import has brought or enriched stays as it is, under whichever id; it has the reviews too.
    """
    with database.writing() as connection:
        # First: what is looked up below stays true until the commit.
        raise_revision(connection)
        items = {item.id: item for item in starter_items()}
        names = {name: item.id for item in items.values() for name in item.external_ids.items()}
        owners = owners_of(connection, names)
        namesakes = {names[name]: owner for name, owner in owners.items() if owner != names[name]}
        enriched = catalogue_store.brought_elsewhere(connection, items, STARTER_SOURCE)
        own = sorted(items.keys() - namesakes.keys() - enriched)
        saved = catalogue_store.save_items(connection, (items[item_id] for item_id in own), STARTER_SOURCE)
        reviews = (replace(each, item_id=namesakes.get(each.item_id, each.item_id)) for each in starter_reviews())
        catalogue_store.save_catalogue_reviews(connection, reviews, STARTER_SOURCE, datetime.now(UTC))
    return saved
