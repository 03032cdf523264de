"""The number that tells every recommender that there is something new."""

from sqlalchemy import Connection, select, update

from services.recommender.schema import RevisionRow


def revision(connection: Connection) -> int:
    """A number that rises with every change of the catalogue or of the clusters."""
    return connection.scalars(select(RevisionRow.revision)).one()


def raise_revision(connection: Connection) -> None:
    """Tell every recommender that there is something new. Whoever changes the catalogue calls this first: the row
    that it locks makes them take turns."""
    connection.execute(update(RevisionRow).values(revision=RevisionRow.revision + 1))
