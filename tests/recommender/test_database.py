import asyncio
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, IntegrityError

from servicekit.database import (
    STATEMENT_TIMEOUT_S,
    Database,
    DatabaseFullError,
    DatabaseUnavailableError,
    Offloader,
    TooManyCallsError,
    open_engine,
)
from services.recommender.schema import PersonRow
from tests.postgresql import PASSWORD, postgresql
from tests.recommender.support import NOON


def test_sqlite_writes_ahead_waits_for_others_and_keeps_its_references(empty_database: Database):
    with empty_database.reading() as connection:
        pragmas = {name: connection.scalar(text(f"pragma {name}")) for name in ("journal_mode", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    with pytest.raises(IntegrityError), empty_database.writing() as connection:
        connection.execute(text("insert into external_id values ('imdb', 'tt1', 'no such item')"))


def test_an_error_does_not_list_what_was_written(empty_database: Database):
    statement = text("insert into external_id values ('imdb', :id, 'no such item')")
    with pytest.raises(IntegrityError) as caught, empty_database.writing() as connection:
        connection.execute(statement, {"id": "a secret"})
    assert "a secret" not in str(caught.value)


def test_moments_come_back_in_utc(empty_database: Database):
    with empty_database.writing() as connection:
        connection.execute(PersonRow.__table__.insert().values(id="ada", created_at=NOON))  # pyright: ignore[reportAttributeAccessIssue]  (a table, at run time)
    with empty_database.reading() as connection:
        assert connection.scalar(select(PersonRow.created_at)) == NOON


def raise_to_seven_and_fail(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("update catalogue_revision set revision = 7"))
        raise RuntimeError


def test_an_error_undoes_the_whole_transaction(empty_database: Database):
    with pytest.raises(RuntimeError):
        raise_to_seven_and_fail(empty_database)
    with empty_database.reading() as connection:
        assert connection.scalar(text("select revision from catalogue_revision")) == 0


def test_writers_wait_for_each_other(empty_database: Database):
    def write() -> None:
        for _ in range(20):
            with empty_database.writing() as connection:
                old = connection.scalar(text("select revision from catalogue_revision"))
                assert old is not None
                connection.execute(text("update catalogue_revision set revision = :new"), {"new": old + 1})

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with empty_database.reading() as connection:
        assert connection.scalar(text("select revision from catalogue_revision")) == 80


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody@127.0.0.1:1/nothing", "sqlite:////proc/nothing.db"])
def test_a_database_that_does_not_answer_is_named_with_advice(url: str):
    engine = open_engine(url)
    with pytest.raises(DatabaseUnavailableError, match="DATABASE_URL"), Database(engine).reading():
        pass
    engine.dispose()


def test_a_file_that_is_no_database_is_named_with_advice(tmp_path: Path):
    (tmp_path / "letter.db").write_text("Dear Ada, " * 200)
    engine = open_engine(f"sqlite:///{tmp_path}/letter.db")
    with pytest.raises(DatabaseUnavailableError, match="not a database"), Database(engine).reading():
        pass
    engine.dispose()


def test_an_error_tells_what_was_wrong_and_not_what_else_the_statement_was_given(postgresql_url: str):
    engine = open_engine(postgresql_url)
    statement = text("select wrong, :other")
    with (
        pytest.raises(DatabaseUnavailableError, match="wrong") as caught,
        Database(engine).reading() as connection,
    ):
        connection.execute(statement, {"other": "something private"})
    engine.dispose()
    assert "private" not in str(caught.value)


def test_what_does_not_fit_is_not_told_as_a_database_that_is_away(postgresql_url: str):
    engine = open_engine(postgresql_url)
    with pytest.raises(DataError, match="invalid input"), Database(engine).reading() as connection:
        connection.execute(text("select cast(:wrong as integer)"), {"wrong": "one"})
    engine.dispose()


def test_a_connection_to_a_machine_that_has_vanished_ends_within_seconds(postgresql_url: str):
    engine = open_engine(postgresql_url)
    with Database(engine).reading() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            idle_s, again_s, times, unacknowledged_ms = (line.getsockopt(socket.IPPROTO_TCP, name) for name in names)
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    engine.dispose()
    assert idle_s + again_s * times < STATEMENT_TIMEOUT_S
    assert 0 < unacknowledged_ms < STATEMENT_TIMEOUT_S * 1000


def test_a_full_disk_is_named_and_what_was_committed_stays(empty_database: Database):
    def add(name: str) -> None:
        with empty_database.writing() as connection:
            pages = connection.scalar(text("pragma page_count"))
            connection.execute(text(f"pragma max_page_count = {pages}"))
            for number in range(200):
                row = {"id": f"{name}-{number}" + "x" * 200, "created_at": NOON}
                connection.execute(PersonRow.__table__.insert().values(row))  # pyright: ignore[reportAttributeAccessIssue]

    with empty_database.writing() as connection:
        connection.execute(PersonRow.__table__.insert().values(id="ada", created_at=NOON))  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(DatabaseFullError, match="Free space"):
        add("too-many")
    with empty_database.reading() as connection:
        assert connection.scalars(select(PersonRow.id)).all() == ["ada"]


def fill(folder: Path) -> Path:
    """Leave no room on a disk but for a megabyte."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(folder).free - 2**20))
    return ballast


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_postgresql_on_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(postgresql_folder: Path):
    with postgresql(postgresql_folder, disk_mb=128) as server:
        engine = open_engine(server.url)
        person, database, kept = PersonRow.metadata.tables["person"], Database(engine), list[str]()
        person.create(engine)

        def add(most: int) -> None:
            for _ in range(most):
                name = f"{len(kept):064}"
                with database.writing() as connection:
                    connection.execute(person.insert().values(id=name, created_at=NOON))
                kept.append(name)

        ballast = fill(server.folder)
        with pytest.raises(DatabaseFullError, match="Free space"):
            add(10_000)
        ballast.unlink()
        add(1)
        with database.reading() as connection:
            assert sorted(connection.scalars(select(person.c.id))) == sorted(kept)
        engine.dispose()


async def test_calls_beyond_the_bound_are_refused_and_the_others_go_on():
    offload, release = Offloader(threads=1, max_calls=2), threading.Event()
    calls = [asyncio.ensure_future(offload(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyCallsError):
        await offload(release.wait)
    release.set()
    assert await asyncio.gather(*calls) == [True, True]
    assert await offload(str.upper, "free again") == "FREE AGAIN"
    offload.close()


async def test_a_caller_who_gives_up_frees_the_place_only_when_the_call_has_ended():
    offload, release = Offloader(threads=1, max_calls=1), threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(offload(release.wait), 0.01)
    with pytest.raises(TooManyCallsError):
        await offload(str)
    release.set()
    async with asyncio.timeout(10):
        while True:
            try:
                await offload(str)
                break
            except TooManyCallsError:
                await asyncio.sleep(0)
    offload.close()


async def test_a_call_whose_caller_gives_up_before_its_turn_is_not_made():
    offload, release, made = Offloader(threads=1, max_calls=2), threading.Event(), list[str]()
    first = asyncio.ensure_future(offload(release.wait))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(offload(made.append, "nobody waits for this"), 0.01)
    second = asyncio.ensure_future(offload(made.append, "in the place that is free again"))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(first, second)
    assert made == ["in the place that is free again"]
    offload.close()


def test_what_is_erased_is_not_in_the_file_or_its_log_any_more(empty_database: Database, tmp_path: Path):
    secret = "planted-in-the-database"

    def is_on_the_disk() -> bool:
        return any(secret.encode() in path.read_bytes() for path in tmp_path.glob("empty.db*"))

    with empty_database.writing() as connection:
        connection.execute(PersonRow.metadata.tables["person"].insert().values(id=secret, created_at=NOON))
    assert is_on_the_disk()
    with empty_database.erasing() as connection:
        connection.execute(PersonRow.metadata.tables["person"].delete())
    assert not is_on_the_disk()


def test_a_wrong_password_is_told_and_not_repeated(postgresql_url: str):
    engine = open_engine(postgresql_url.replace(PASSWORD, "guessed"))
    with pytest.raises(DatabaseUnavailableError, match="password") as caught, Database(engine).reading():
        pass
    engine.dispose()
    assert "guessed" not in str(caught.value)
