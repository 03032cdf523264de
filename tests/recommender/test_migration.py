"""Against real SQLite, and real PostgreSQL where its programs are installed."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, text

from contracts.recommendation import FeedbackAction, Kind
from servicekit.database import Database, NotMigratedError
from servicekit.migration import NewerDatabaseError
from services.recommender import catalogue_store, migration, people_store, tasks
from services.recommender.database import require_migrated
from services.recommender.lists import Request
from services.recommender.migration import MIGRATIONS, load_starter, migrate, prepare_database
from services.recommender.people_store import Feedback
from services.recommender.recommender import Recommender
from services.recommender.schema import SCHEMA_VERSION, Base, FeedbackRow, ItemRow, ReviewRow
from tests.recommender.support import NOON, POLICY


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(fresh: Database):
    migrate(fresh)
    with fresh.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        require_migrated(connection)


def test_a_second_migration_changes_nothing(fresh: Database):
    for _ in range(2):
        migrate(fresh)
    with fresh.reading() as connection:
        require_migrated(connection)


def test_the_code_asks_for_the_newest_migration():
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_VERSION


def test_a_database_without_tables_is_named_as_such(fresh: Database):
    with pytest.raises(NotMigratedError, match="migrate"), fresh.reading() as connection:
        require_migrated(connection)
    with pytest.raises(NotMigratedError), fresh.reading() as connection:
        catalogue_store.revision(connection)


def test_an_older_database_is_not_used_and_a_newer_one_is(fresh: Database):
    migrate(fresh)
    for version, usable in (("0000", False), ("9999", True)):
        with fresh.writing() as connection:
            connection.execute(text("update alembic_version set version_num = :version"), {"version": version})
        with fresh.reading() as connection:
            if usable:
                require_migrated(connection)
            else:
                with pytest.raises(NotMigratedError):
                    require_migrated(connection)


def test_a_database_of_a_newer_release_is_refused_and_left_as_it_is(fresh: Database):
    migrate(fresh)
    with fresh.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerDatabaseError, match=r"9999.*restore a backup"):
        migrate(fresh)
    with fresh.reading() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(fresh: Database):
    with fresh.writing() as connection:
        connection.execute(text("create table shown (id integer)"))
    with pytest.raises(Exception, match="shown"):
        migrate(fresh)
    with fresh.reading() as connection:
        assert inspect(connection).get_table_names() == ["shown"]


def counts(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(ItemRow.kind, func.count().label("number")).group_by(ItemRow.kind))
    return {row.kind: row.number for row in rows}


def test_the_starter_catalogue_is_loaded_once_and_updated_by_id(fresh: Database, fresh_url: str):
    prepare_database(fresh_url)
    with fresh.writing() as connection:
        before = counts(connection)
        first = connection.scalars(select(ItemRow.id).order_by(ItemRow.id)).first()
        assert first
        connection.execute(text("update item set title = 'changed' where id = :id"), {"id": first})
        feedback = Feedback("ada", first, FeedbackAction.LIKE, "once", NOON)
        people_store.add_feedback(connection, feedback, None, NOON)
        reviews = connection.scalar(select(func.count()).select_from(ReviewRow))
    load_starter(fresh)
    with fresh.reading() as connection:
        assert counts(connection) == before
        assert set(before) == set(Kind)
        assert connection.scalar(select(ItemRow.title).where(ItemRow.id == first)) != "changed"
        assert connection.scalar(select(func.count()).select_from(ReviewRow)) == reviews
        assert connection.scalars(select(FeedbackRow.item_id)).all() == [first]


def test_a_review_that_has_left_the_starter_catalogue_no_longer_moves_the_film(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
):
    migrate(fresh)
    load_starter(fresh)
    about = next(migration.starter_reviews()).item_id
    tones = select(ItemRow.review_tone, ItemRow.review_count, ItemRow.valence).where(ItemRow.id == about)
    with fresh.reading() as connection:
        before = connection.execute(tones).one()
    tasks.score_reviews(fresh)
    monkeypatch.setattr(migration, "starter_reviews", lambda: iter(()))
    load_starter(fresh)
    with fresh.reading() as connection:
        assert connection.execute(tones).one() == before


def test_the_whole_way_works_on_either_database(fresh: Database, fresh_url: str):
    prepare_database(fresh_url)
    assert tasks.score_reviews(fresh) > 0
    assert tasks.recompute_clusters(fresh, seed=0)
    recommender = Recommender(fresh, POLICY, lambda: NOON)
    picks = recommender.recommend(Request("ada", count=5), Kind.MUSIC).picks
    assert all(pick.item.cluster and pick.reasons for pick in picks)
    assert (
        recommender.give_feedback(Feedback("ada", picks[0].item.id, FeedbackAction.DISLIKE, "1", NOON), None) is False
    )
    again = recommender.recommend(Request("ada", count=5), Kind.MUSIC).picks
    assert picks[0].item.id not in {pick.item.id for pick in again}
