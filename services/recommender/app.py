"""The one place that builds and wires the recommender."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from threadpoolctl import threadpool_limits

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import add_RecommenderServiceServicer_to_server
from contracts.uploads import UPLOAD_TIMEOUT_S
from servicekit.background import in_background
from servicekit.database import Database, DatabaseUnavailableError, Offloader, TooManyCallsError, open_engine
from servicekit.errors import UnavailableError
from servicekit.grpc_server import HealthReporter, create_server, serving
from servicekit.metrics import create_registry, serving_metrics
from servicekit.pubsub import open_redis
from servicekit.tracing import tracing
from services.recommender.broker import open_celery
from services.recommender.core.rest import RestPolicy
from services.recommender.import_folder import ImportFolder
from services.recommender.listener import MoodListener
from services.recommender.lists import Policy
from services.recommender.metrics import RecommenderMetrics
from services.recommender.moods import MoodReader
from services.recommender.operations import Operations
from services.recommender.priors import load_priors
from services.recommender.publisher import Publisher
from services.recommender.recommender import Clock, Recommender, utc_now
from services.recommender.scoring import ScoringRequester
from services.recommender.servicer import RecommenderServicer, Threads
from services.recommender.settings import RecommenderSettings
from services.recommender.told_calls import ToldCalls

SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["RecommenderService"].full_name
PORT_SETTING: Final = "RECOMMENDER_PORT"
ANSWER_TIMEOUT_S: Final = 15.0
"""How long the database may take to tell its tables' version and the catalogue's. Longer than the client's own limits,
which tell better what is wrong."""
READ_AGAIN_S: Final = 30.0
"""After this a catalogue that could not be read is tried again, while the one before it serves: reading may be long."""

# A caller whose connection ends looks its name up again, and so finds the recommenders that were added.
# One that takes in a file may go on.
_SERVER_OPTIONS: Final = (
    ("grpc.max_connection_age_ms", 30_000),
    ("grpc.max_connection_age_grace_ms", round(UPLOAD_TIMEOUT_S * 1000)),
)

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_service(settings: RecommenderSettings, clock: Clock = utc_now) -> AsyncGenerator[int]:
    """Serve while open; yields the bound port. Serves before the database, its tables or Redis are there, and says so.

    Raises:
        ConfigurationError: the address cannot be bound, or a learned prior cannot be read.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing("recommender", settings.otlp_endpoint))
        # A list needs many small products: threads of their own would cost more than they gain.
        stack.enter_context(threadpool_limits(1))
        registry = create_registry()
        metrics = RecommenderMetrics(registry)
        engine = open_engine(settings.database_url)
        stack.callback(engine.dispose)
        numbers = settings.list_threads, settings.database_threads
        threads = Threads(*(Offloader(number, settings.max_waiting_calls) for number in numbers))
        # The database's health must not wait for those who have it answer slowly.
        watching = Offloader(1, 1)
        for each in (*threads, watching):
            stack.callback(each.close)
        redis = await stack.enter_async_context(open_redis(settings.redis_url))
        recommender = Recommender(Database(engine), _policy(settings), clock, load_priors())
        counts = {"count": settings.default_count, "max_waiting": settings.max_waiting_people}
        publisher = Publisher(recommender, threads.lists, redis, metrics, **counts)
        celery = open_celery(settings)
        scoring = ScoringRequester(celery)
        server, health = await create_server(SERVICE_NAME, _SERVER_OPTIONS, [ToldCalls(SERVICE_NAME, metrics)])
        operations = Operations(celery, ImportFolder(settings.import_folder, settings.max_upload_mib * 2**20))
        servicer = RecommenderServicer(
            recommender,
            threads,
            MoodReader(redis),
            publisher,
            scoring,
            operations,
            settings.default_count,
        )
        add_RecommenderServiceServicer_to_server(servicer, server)
        metrics.watch("people_waiting", "People whose fresh list is not published yet.", lambda: publisher.waiting)
        metrics.watch("database_calls", "Calls that run or wait for a thread.", lambda: threads.others.calls)
        metrics.watch("lists_waiting", "Lists that are made or wait for a thread.", lambda: threads.lists.calls)
        address = settings.host, settings.metrics_port
        stack.enter_context(serving_metrics(registry, *address, "RECOMMENDER_METRICS_PORT"))
        stack.push_async_callback(_flush, recommender, threads.others)
        work = (
            *publisher.workers(),
            MoodListener(redis, publisher, metrics).run(),
            scoring.run(),
            _keep_fresh(recommender, watching, health, settings.catalogue_poll_s),
            _keep_shown(recommender, threads.others, settings.shown_every_s),
        )
        await stack.enter_async_context(in_background(*work))
        where = f"{settings.host}:{settings.port}"
        yield await stack.enter_async_context(serving(server, where, PORT_SETTING, settings.inside))


def _policy(settings: RecommenderSettings) -> Policy:
    return Policy(
        seed=settings.seed,
        sitting=timedelta(minutes=settings.sitting_min),
        rest=RestPolicy(
            after_shown=timedelta(hours=settings.shown_rest_h), after_skip=timedelta(hours=settings.skip_rest_h)
        ),
        candidates=settings.candidates,
    )


async def _keep_fresh(recommender: Recommender, offload: Offloader, health: HealthReporter, poll_s: float) -> None:
    """Follow the catalogue for ever, and report whether the database serves.

    Args:
        offload: of one thread, for this alone.
    """
    was_serving = None
    has_catalogue = False
    read_at_s = 0.0
    while True:
        problem: UnavailableError | None = None
        try:
            if not await _is_current(recommender, offload) and time.monotonic() >= read_at_s:
                # A large catalogue takes as long as it takes.
                await offload(recommender.refresh)
            has_catalogue = True
        except UnavailableError as error:
            problem = error
        except Exception:  # noqa: BLE001  (one odd catalogue must not end the watch: the one before it serves on)
            _log.exception("the catalogue could not be read")
            if not has_catalogue:
                await asyncio.sleep(poll_s)
                continue
            read_at_s = time.monotonic() + READ_AGAIN_S
        if was_serving is not (problem is None):
            was_serving = problem is None
            await health.set_serving(was_serving)
            if problem:
                _log.warning("not serving", reason=problem.message, advice=problem.advice)
            else:
                _log.info("serving")
        await asyncio.sleep(poll_s)


async def _is_current(recommender: Recommender, offload: Offloader) -> bool:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await offload(recommender.is_current)
    except (TimeoutError, TooManyCallsError) as error:
        # The second where the thread still waits for an answer to what an earlier turn has asked.
        raise DatabaseUnavailableError(f"it is silent for more than {ANSWER_TIMEOUT_S:g} s") from error


async def _keep_shown(recommender: Recommender, offload: Offloader, every_s: float) -> None:
    """Write what was shown, for ever."""
    while True:
        await asyncio.sleep(every_s)
        await _flush(recommender, offload)


async def _flush(recommender: Recommender, offload: Offloader) -> None:
    try:
        await offload(recommender.flush)
    except (UnavailableError, TooManyCallsError) as error:
        _log.warning("what was shown could not be written yet", reason=error.message)
    except Exception:  # noqa: BLE001  (one odd list must not end the writing of others)
        _log.exception("what was shown could not be written")
