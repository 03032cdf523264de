"""The gateway's tables on real SQLite, and on real PostgreSQL where its programs are installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from servicekit.database import Database, Offloader, open_engine
from servicekit.migration import migrate
from services.gateway.accounts.consent import CONSENT_VERSION
from services.gateway.accounts.opening import accounts_in
from services.gateway.accounts.schema import MIGRATIONS, SCHEMA_VERSION, VERSION_TABLE, Base
from services.gateway.mood_diary import MoodDiary
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import PASSWORD
from tests.gateway.stand_ins import AT, mood_event
from tests.postgresql import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Without tables."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/fresh.db")
        yield Database(engine)
        engine.dispose()
        return
    folder: Path = request.getfixturevalue("postgresql_folder")
    with postgresql(folder) as server:
        engine = open_engine(server.url)
        yield Database(engine)
        engine.dispose()


def test_the_code_asks_for_the_newest_migration():
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_VERSION


async def test_the_migrations_make_the_tables_that_the_code_knows_and_uses(database: Database):
    migrate(database, MIGRATIONS)
    migrate(database, MIGRATIONS)
    with database.reading() as connection:
        options = {"compare_type": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    accounts = accounts_in(database, GatewaySettings(), lambda: AT)
    guest = accounts.add_guest()
    principal = accounts.principal(guest.token)
    assert principal
    member = accounts.sign_up(principal, "ada", PASSWORD).account
    assert accounts.sign_in("Ada", PASSWORD).account == member
    accounts.agree(member.id, CONSENT_VERSION)
    assert [device.name for device in (accounts.add_device(member.id, "desk")[0], *accounts.devices(member.id))] == [
        "desk",
        "desk",
    ]
    offload = Offloader(1, 10)
    diary = MoodDiary(database, offload, lambda: AT)
    diary.note(mood_event(member.id))
    assert [(note.at, note.state) for note in await diary.notes(member.id)] == [(AT, "happy")]
    assert len(accounts.delete(member.id)) == 1
    assert await diary.notes(member.id) == []
    offload.close()
