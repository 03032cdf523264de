"""Events over Redis pub/sub: at most once, with bounded waits and reconnection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Final, TypeVar

import stamina
import structlog
from pydantic import BaseModel, ValidationError
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from servicekit.errors import UnavailableError

CALL_TIMEOUT_S: Final = 2.0
PING_INTERVAL_S: Final = 5.0
MAX_RECONNECT_WAIT_S: Final = 2.0

EventT = TypeVar("EventT", bound=BaseModel)

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_redis(url: str) -> AsyncGenerator[Redis]:
    """A client whose every attempt ends within `CALL_TIMEOUT_S`. Nothing is connected until the first call."""
    client = Redis.from_url(
        url,
        decode_responses=True,
        # Whatever somebody else wrote there can be read, so that it can be found to be none of ours.
        encoding_errors="replace",
        socket_timeout=CALL_TIMEOUT_S,
        socket_connect_timeout=CALL_TIMEOUT_S,
        # A connection that lay idle while Redis restarted fails once and is made again. Beyond that, whoever calls
        # decides what a failure means; more hidden retries would only make them wait longer.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )
    try:
        yield client
    finally:
        await client.aclose()


def unavailable(error: Exception) -> UnavailableError:
    """What to tell a caller when Redis did not answer."""
    return UnavailableError(
        f"Redis does not answer: {str(error).rstrip('.')}.",
        "Check that it runs and that REDIS_URL points at it.",
        code="redis_unavailable",
    )


async def subscribe(redis: Redis, channel: str, event_type: type[EventT]) -> AsyncGenerator[EventT]:
    """Every event on `channel` from now on, for ever.

    A lost connection is made again with backoff and jitter; what was published meanwhile is lost, as pub/sub promises
    no more. A message that is not an `event_type` is logged and skipped.
    """
    while True:
        async with aclosing(await _join(redis, channel)) as pubsub:
            _log.info("subscribed", channel=channel)
            try:
                async for data in _messages(pubsub):
                    event = _parse(event_type, data, channel)
                    if event is not None:
                        yield event
            except (RedisError, OSError) as error:
                _log.warning("lost the subscription", channel=channel, problem=str(error))


@stamina.retry(on=(RedisError, OSError), attempts=None, timeout=None, wait_initial=0.1, wait_max=MAX_RECONNECT_WAIT_S)
async def _join(redis: Redis, channel: str) -> PubSub:
    # Ignored messages would look like a wait that ended early.
    pubsub = redis.pubsub()
    try:
        await pubsub.subscribe(channel)
    except BaseException:
        await pubsub.aclose()
        raise
    return pubsub


async def _messages(pubsub: PubSub) -> AsyncGenerator[str]:
    loop = asyncio.get_running_loop()
    patience_s = PING_INTERVAL_S / 2
    heard_s, pinged_s = loop.time(), None
    while True:
        asked_s = loop.time()
        message = await pubsub.get_message(timeout=patience_s)
        now_s = loop.time()
        if message is not None:
            heard_s, pinged_s = now_s, None
            if message["type"] == "message":
                yield str(message["data"])
        elif now_s - asked_s < patience_s / 2:
            # The kernel has given the connection up, which redis-py takes for a wait that is over.
            raise RedisConnectionError("the connection has timed out")
        elif pinged_s is None and now_s - heard_s > PING_INTERVAL_S:
            # A dead connection that nobody closed shows only when something that is sent on it has no answer.
            await pubsub.ping()
            pinged_s = now_s
        elif pinged_s is not None and now_s - pinged_s > PING_INTERVAL_S:
            raise RedisConnectionError(f"no answer to a ping within {PING_INTERVAL_S:g} s")


def _parse(event_type: type[EventT], data: str, channel: str) -> EventT | None:
    try:
        return event_type.model_validate_json(data)
    except ValidationError as error:
        _log.warning("skipped a malformed event", channel=channel, problems=error.error_count())
        return None
