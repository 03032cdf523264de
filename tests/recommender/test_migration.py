"""Against real SQLite, and real PostgreSQL where its programs are installed."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, text

from contracts.recommendation import FeedbackAction, Kind
from services.recommender import catalogue_store, people_store, tasks
from services.recommender.database import Database, open_engine, require_migrated
from services.recommender.errors import NotMigratedError
from services.recommender.migration import MIGRATIONS, load_starter, migrate, prepare_database
from services.recommender.people_store import Feedback
from services.recommender.recommender import Recommender, Request
from services.recommender.schema import SCHEMA_VERSION, Base, FeedbackRow, ItemRow, ReviewRow
from standalone.ports import free_ports
from tests.recommender.support import NOON, POLICY


def postgresql_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed")
    # PostgreSQL refuses to run as root, and its user must be able to reach the folder.
    folder = Path(subprocess.check_output(["/bin/mktemp", "-d", "/tmp/emoverse-postgresql-XXXXXX"], text=True).strip())  # noqa: S108
    account = "nobody" if os.geteuid() == 0 else getpass.getuser()
    shutil.chown(folder, account)
    port = free_ports(1)[0]

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        user = account if os.geteuid() == 0 else None
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"})

    try:
        run("initdb", "-A", "trust", "-U", "emoverse", "-N", "-E", "UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "start", "-w", "-s", "-l", str(folder / "log"), "-o", options)
        try:
            yield f"postgresql+psycopg://emoverse@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-m", "immediate", "-s")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder/fresh.db"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()


@pytest.fixture
def fresh(fresh_url: str) -> Iterator[Database]:
    """An empty database without tables."""
    engine = open_engine(fresh_url)
    yield Database(engine)
    engine.dispose()


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


def test_the_whole_way_works_on_either_database(fresh: Database, fresh_url: str):
    prepare_database(fresh_url)
    assert tasks.score_reviews(fresh) > 0
    assert tasks.recompute_clusters(fresh, seed=0)
    recommender = Recommender(fresh, POLICY, lambda: NOON)
    picks, _ = recommender.recommend(Request("ada", count=5), Kind.MUSIC)
    assert all(pick.item.cluster and pick.reasons for pick in picks)
    assert (
        recommender.give_feedback(Feedback("ada", picks[0].item.id, FeedbackAction.DISLIKE, "1", NOON), None) is False
    )
    again, _ = recommender.recommend(Request("ada", count=5), Kind.MUSIC)
    assert picks[0].item.id not in {pick.item.id for pick in again}
