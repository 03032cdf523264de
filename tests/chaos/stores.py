"""Redis and the database in a bad way, and the line to the people."""

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

import psycopg
import stamina
from redis import Redis

from tests.chaos.faults import LASTS_S, Fault, Harm
from tests.chaos.processes import DATABASE
from tests.chaos.wire import Wire
from tests.postgresql import PostgreSQL

WRITTEN: Final = ("feedback", "review", "shown", "person")
"""Tables that are written all the time."""


def redis_harms(url: str) -> dict[Fault, Harm]:
    """A Redis that is emptied, takes no writes, or has no memory left."""

    def flush() -> None:
        with Redis.from_url(url) as redis:
            redis.flushall()

    @contextmanager
    def configured(**values: str) -> Generator[None]:
        with Redis.from_url(url) as redis:
            before: dict[str, Any] = {name: redis.config_get(name)[name] for name in values}  # pyright: ignore
            for name, value in values.items():
                redis.config_set(name, value)
            yield
            for name, value in before.items():
                redis.config_set(name, value)

    def lasting(**values: str) -> None:
        with configured(**values):
            time.sleep(LASTS_S)

    return {
        Fault("redis", "flushed"): flush,
        # A primary without the replica that it was promised takes no write.
        Fault("redis", "read-only"): partial(lasting, **{"min-replicas-to-write": "1"}),
        Fault("redis", "out of memory"): partial(lasting, maxmemory="1"),
        Fault("redis", "evicts"): partial(lasting, **{"maxmemory": "1", "maxmemory-policy": "allkeys-random"}),
    }


def database_harms(server: PostgreSQL) -> dict[Fault, Harm]:
    """A database whose tables are locked, or that takes no more connections."""

    # Where the tables are locked in another order than a writer takes them in, PostgreSQL ends one of the two.
    @stamina.retry(on=psycopg.errors.DeadlockDetected, attempts=10, timeout=30)
    def lock() -> None:
        with psycopg.connect(server.plain_url) as connection:
            for table in WRITTEN:
                connection.execute(f"lock table {table} in access exclusive mode")  # pyright: ignore
            time.sleep(LASTS_S)

    def exhaust() -> None:
        with ExitStack() as held:
            try:
                while True:
                    held.enter_context(psycopg.connect(server.plain_url))
            except psycopg.OperationalError:
                time.sleep(LASTS_S)

    return {Fault(DATABASE, "locked"): lock, Fault(DATABASE, "out of connections"): exhaust}


def wire_harms(*wires: Wire) -> dict[Fault, Harm]:
    """The line between the people and the system."""

    def reset() -> None:
        for wire in wires:
            wire.reset()

    def spoiled(**values: Any) -> None:
        before = [{name: getattr(wire, name) for name in values} for wire in wires]
        for wire in wires:
            vars(wire).update(values)
        time.sleep(LASTS_S)
        for wire, kept in zip(wires, before, strict=True):
            vars(wire).update(kept)

    return {
        Fault("line", "reset"): reset,
        Fault("line", "half open"): partial(spoiled, silent=True),
        Fault("line", "300 ms late"): partial(spoiled, delay_s=0.3),
        Fault("line", "1 kB a second"): partial(spoiled, bytes_per_s=1000),
    }
