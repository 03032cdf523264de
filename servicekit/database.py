"""The database: connections, transactions, and a bounded way to reach it from asyncio."""

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, ParamSpec, TypeVar

from pydantic import AfterValidator
from sqlalchemy import Connection, DateTime, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeDecorator

from servicekit.errors import OverloadedError, UnavailableError

BUSY_TIMEOUT_S: Final = 5
"""How long a writer waits for another one before the call fails."""
STATEMENT_TIMEOUT_S: Final = 30
KEEPALIVE: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""For PostgreSQL's client, in seconds and, the last, milliseconds: whoever waits for a machine that has vanished is
told after about ten seconds, where the system's own settings would take hours."""
DISK_FULL: Final = "53100"
"""PostgreSQL's class of error for it."""

DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names every constraint, so that migrations can change it on any database."""

P = ParamSpec("P")
T = TypeVar("T")
Row = Mapping[str, Any]


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer; nothing that was not committed has been acknowledged."""

    default_code: ClassVar[str] = "database_unavailable"

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"The database does not answer: {reason}.", "Check that it runs and that DATABASE_URL points at it."
        )


class DatabaseFullError(DatabaseUnavailableError):
    """The database has no room left; it answers reads, and what was committed is safe."""

    default_code: ClassVar[str] = "database_full"

    def __init__(self, reason: object) -> None:
        UnavailableError.__init__(
            self, f"The database has no room to write: {reason}.", "Free space on its disk; writes go on by themselves."
        )


class NotMigratedError(UnavailableError):
    """The database answers, but this version's tables are not in it yet."""

    default_code: ClassVar[str] = "database_not_migrated"

    def __init__(self) -> None:
        super().__init__(
            "The database does not have this version's tables yet.", "Run the service's `migrate` command."
        )


class TooManyCallsError(OverloadedError):
    """Every database thread is busy and the waiting room is full."""

    default_code: ClassVar[str] = "database_overloaded"

    def __init__(self) -> None:
        super().__init__("Too many calls wait for the database.", "Try again in a second.")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware moments in UTC, also on SQLite, which knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _with_driver(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError as error:
        raise ValueError("not a database URL: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from error
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise ValueError("only SQLite and PostgreSQL are supported: write sqlite:///FILE or postgresql://HOST/NAME")
    return url.set(drivername=driver).render_as_string(hide_password=False)


DatabaseUrl = Annotated[str, AfterValidator(_with_driver)]
"""An SQLAlchemy URL, always with the driver that is installed."""


def open_engine(database_url: str) -> Engine:
    """An engine for SQLite (write-ahead log, busy timeout, foreign keys) or PostgreSQL. Nothing is connected yet.

    Errors do not list what a statement was given.
    """
    url = make_url(database_url)
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)


def _postgresql_engine(url: URL) -> Engine:
    limit = f"-c statement_timeout={STATEMENT_TIMEOUT_S}s"
    arguments = {"connect_timeout": BUSY_TIMEOUT_S, "options": limit, **KEEPALIVE}
    return create_engine(
        url, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT_S, connect_args=arguments, hide_parameters=True
    )


def _sqlite_engine(url: URL) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # The driver would otherwise open transactions by itself, and leave schema changes out of them.
        connection.isolation_level = None
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "secure_delete = on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # A reader that turns into a writer cannot wait for another writer, so writers say so at once.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


class Database:
    """Transactions on one engine.

    Both contexts raise `NotMigratedError` where the tables are missing and `DatabaseUnavailableError` where the
    database does not answer. A transaction is rolled back when an error leaves it.
    """

    def __init__(self, engine: Engine) -> None:
        self._writer = engine.execution_options(writes=True)
        # PostgreSQL would otherwise show each statement a newer moment; SQLite never does.
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = engine.execution_options(**options) if engine.dialect.name == "postgresql" else engine

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A transaction that only reads; everything in it is read at one moment."""
        with _translated_errors(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that writes, committed when the block ends."""
        with _translated_errors(), self._writer.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def erasing(self) -> Generator[Connection]:
        """A transaction that deletes what nobody may find again: SQLite overwrites it, and empties its log unless an
        older reader needs it; PostgreSQL does so by itself in time."""
        with self.writing() as connection:
            yield connection
        if self._writer.dialect.name == "sqlite":
            with _translated_errors(), closing(self._writer.raw_connection()) as raw:
                raw.cursor().execute("pragma wal_checkpoint(truncate)")


@contextmanager
def _translated_errors() -> Generator[None]:
    try:
        yield
    except (IntegrityError, DataError):
        # The database answers: what it was given does not fit, and would not the next time.
        raise
    except DBAPIError as error:
        # The whole error holds what the statement was given.
        reason = str(error.orig).strip()
        if "no such table" in reason or ("relation" in reason and "does not exist" in reason):
            raise NotMigratedError from error
        if "disk is full" in reason or getattr(error.orig, "sqlstate", "") == DISK_FULL:
            raise DatabaseFullError(reason) from error
        raise DatabaseUnavailableError(reason) from error
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(error) from error


def upsert(connection: Connection, table: Table, rows: Iterable[Row], *, keep: bool = False) -> int:
    """Insert rows, or update those whose primary key exists.

    Args:
        rows: all with the same columns.
        keep: leave an existing row as it is, whichever unique constraint it meets.

    Returns:
        The number of rows inserted or updated.
    """
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    waiting = [dict(row) for row in rows]
    if not waiting:
        return 0
    statement = insert(table)
    key = {column.name for column in table.primary_key}
    updates = {} if keep else {c.name: c for c in statement.excluded if c.name in waiting[0] and c.name not in key}
    if updates:
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=updates)
    else:
        statement = statement.on_conflict_do_nothing()
    return connection.execute(statement, waiting, execution_options={"preserve_rowcount": True}).rowcount


class Offloader:
    """Runs blocking calls on a few threads, so that the event loop never waits for the database.

    Args:
        threads: how many calls run at once.
        max_calls: how many may be running or waiting; one more raises `TooManyCallsError`.
    """

    def __init__(self, threads: int, max_calls: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._max_calls = max_calls
        self._calls = 0

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._calls >= self._max_calls:
            raise TooManyCallsError
        self._calls += 1
        running = self._executor.submit(call, *args, **kwargs)
        future = asyncio.wrap_future(running)
        future.add_done_callback(self._release)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # A caller who gives up does not stop the thread: its place is free only when it has ended. A call that has
            # not begun is not made.
            running.cancel()
            raise

    @property
    def calls(self) -> int:
        """How many are running or waiting."""
        return self._calls

    def _release(self, future: "asyncio.Future[Any]") -> None:
        self._calls -= 1
        if not future.cancelled():
            future.exception()

    def close(self) -> None:
        """Wait for the calls in progress."""
        self._executor.shutdown()
