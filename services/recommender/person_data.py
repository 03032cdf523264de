"""What is kept of a person, in whichever table: to hand it over, and to forget it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from services.recommender.catalogue_store import update_tones
from services.recommender.revision import raise_revision
from services.recommender.schema import Base, ReviewRow

_PERSON: Final = "person"
_OWNER: Final = "user_id"


def export_person(connection: Connection, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every record of the person, by table; values as the database gives them."""
    return {
        table.name: [dict(row) for row in connection.execute(select(table).where(owned)).mappings()]
        for table, owned in _tables(user_id)
    }


def forget_person(connection: Connection, user_id: str) -> int:
    """Delete every record of the person, and what their reviews say of items; returns how many records there were."""
    scored = select(ReviewRow.item_id).where(ReviewRow.user_id == user_id, ReviewRow.scored_at.is_not(None))
    if connection.scalar(scored.limit(1)):
        raise_revision(connection)
    reviewed = set(connection.scalars(scored))
    # What refers to something stands behind it.
    tables = reversed(_tables(user_id))
    deleted = sum(connection.execute(delete(table).where(owned)).rowcount for table, owned in tables)
    update_tones(connection, reviewed)
    return deleted


def _tables(user_id: str) -> list[tuple[Table, ColumnElement[bool]]]:
    """Every table with records of people, those of this person in it; a new one is found by the name of its column."""
    tables = [table for table in Base.metadata.sorted_tables if table.name == _PERSON or _OWNER in table.c]
    return [(table, table.c["id" if table.name == _PERSON else _OWNER] == user_id) for table in tables]
