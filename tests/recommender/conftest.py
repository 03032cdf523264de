"""A real database for each test, and the recommender's service in this process, on real Redis."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import text

from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from servicekit.database import Database, open_engine
from services.recommender.app import SERVICE_NAME, open_service
from services.recommender.catalogue_store import load_catalogue
from services.recommender.core.catalogue import Catalogue
from services.recommender.migration import migrate, prepare_database
from services.recommender.recommender import Recommender
from services.recommender.settings import RecommenderSettings
from tests.postgresql import postgresql
from tests.recommender.support import DEADLINE_S, POLICY, Clock

POSTGRESQL_PASSWORD = "only for the tests"
OpenService = Callable[..., AbstractAsyncContextManager[RecommenderServiceStub]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[Database]:
    """With every table and no item."""
    engine = open_engine(f"sqlite:///{tmp_path}/empty.db")
    database = Database(engine)
    migrate(database)
    yield database
    engine.dispose()


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `migrate` leaves it, closed, to be copied."""
    path = tmp_path_factory.mktemp("database") / "prepared.db"
    prepare_database(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(prepared_file: Path, tmp_path: Path) -> str:
    """A database of the test's own that holds the starter catalogue."""
    shutil.copy(prepared_file, tmp_path / "emoverse.db")
    return f"sqlite:///{tmp_path}/emoverse.db"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    engine = open_engine(database_url)
    yield Database(engine)
    engine.dispose()


@pytest.fixture
def recommender(database: Database, clock: Clock) -> Recommender:
    return Recommender(database, POLICY, clock)


@pytest.fixture(scope="session")
def starter(prepared_file: Path) -> Catalogue:
    engine = open_engine(f"sqlite:///{prepared_file}")
    with Database(engine).reading() as connection:
        catalogue = load_catalogue(connection)
    engine.dispose()
    return catalogue


async def wait_for_health(channel: grpc.aio.Channel, wanted: "health_pb2.HealthCheckResponse.ServingStatus") -> None:
    """Return once the service says that."""
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its types know Check only
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE_NAME), timeout=DEADLINE_S)
    async for response in watch:
        if response.status == wanted:
            break
    watch.cancel()


@asynccontextmanager
async def _opened(clock: Clock, *, serving: bool = True, **changes: Any) -> AsyncGenerator[RecommenderServiceStub]:
    settings = RecommenderSettings.model_validate({"port": 0, "catalogue_poll_s": 0.05, **changes})
    async with (
        asyncio.timeout(2 * DEADLINE_S),
        open_service(settings, clock) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        await wait_for_health(channel, status)
        yield RecommenderServiceStub(channel)


@pytest.fixture
def open_recommender(redis_url: str, database_url: str, clock: Clock) -> OpenService:
    """Opens the service with changed settings; yields a stub of it."""
    return partial(_opened, clock, redis_url=redis_url, database_url=database_url)


@pytest.fixture
async def stub(open_recommender: OpenService) -> AsyncIterator[RecommenderServiceStub]:
    """A stub of a service that is serving the starter catalogue."""
    async with open_recommender() as stub:
        yield stub


@pytest.fixture(scope="session")
def postgresql_url(postgresql_folder: Path) -> Iterator[str]:
    with postgresql(postgresql_folder) as server:
        yield server.url


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
