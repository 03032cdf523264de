"""What happens to one account at once, on a PostgreSQL: SQLite has one writer at a time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from servicekit.database import Database, open_engine
from servicekit.migration import migrate
from services.gateway.accounts.accounts import Accounts
from services.gateway.accounts.consent import CONSENT_VERSION
from services.gateway.accounts.errors import ConsentMissingError
from services.gateway.accounts.opening import accounts_in
from services.gateway.accounts.schema import MIGRATIONS, AccountRow
from services.gateway.accounts.statements import ACCOUNT, change
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import AT
from tests.gateway.test_mood_diary import until_waiting
from tests.postgresql import postgresql


@pytest.fixture(scope="module")
def database(postgresql_folder: Path) -> Iterator[Database]:
    with postgresql(postgresql_folder) as server:
        engine = open_engine(server.url)
        database = Database(engine)
        migrate(database, MIGRATIONS)
        yield database
        engine.dispose()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return accounts_in(database, GatewaySettings(), lambda: AT)


async def test_a_device_that_is_asked_for_twice_at_once_is_made_once(database: Database, accounts: Accounts):
    ada = accounts.agree(accounts.add_guest().account.id, CONSENT_VERSION).id
    with database.writing() as connection:
        # Nobody can refer to it.
        connection.execute(select(ACCOUNT).where(AccountRow.id == ada).with_for_update())
        asked = [asyncio.create_task(asyncio.to_thread(accounts.add_device, ada, "desk", "key")) for _ in range(2)]
        await until_waiting(database, 2)
    first, second = await asyncio.gather(*asked)
    assert first == second
    assert len(accounts.devices(ada)) == 1


async def test_no_device_is_added_while_the_consent_is_withdrawn(database: Database, accounts: Accounts):
    ada = accounts.agree(accounts.add_guest().account.id, CONSENT_VERSION).id
    with database.writing() as connection:
        change(connection, ada, consent_version=None)
        asked = asyncio.create_task(asyncio.to_thread(accounts.add_device, ada, "desk"))
        await until_waiting(database)
    with pytest.raises(ConsentMissingError):
        await asked
    assert accounts.devices(ada) == []
