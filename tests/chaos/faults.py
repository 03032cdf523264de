"""What is done to a part, and how it is known that the part is back."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Final, NamedTuple

import psutil
import stamina

from standalone.probes import Probe, grpc_serves, http_answers, model_is_served, redis_answers
from tests.postgresql import PostgreSQL
from tests.running import PARTS, Stack

DATABASE: Final = "database"
FREEZE_S: Final = 4.0
BACK_TIMEOUT_S: Final = 60.0


class Kind(StrEnum):
    """Of a fault."""

    KILL = "kill -9"
    FREEZE = "freeze"
    RESTART = "restart"


class Fault(NamedTuple):
    """One thing that is done to one part."""

    part: str
    kind: Kind


def faults(count: int, seed: int) -> Iterator[Fault]:
    """Each kind to each part in turn, then at random."""
    every = [Fault(part, kind) for kind in Kind for part in (*PARTS, DATABASE)]
    yield from every[:count]
    chance = random.Random(seed)
    for _ in range(count - len(every)):
        yield chance.choice(every)


class Victims:
    """The parts of a system, to be harmed."""

    def __init__(self, stack: Stack, database: PostgreSQL) -> None:
        self._stack = stack
        self._database = database
        settings = stack.part("gateway").environ()
        self._probes: dict[str, Probe] = {
            "redis": redis_answers(settings["REDIS_URL"]),
            "model-server": model_is_served(settings["TFSERVING_ADDRESS"]),
            "recommender": grpc_serves(settings["RECOMMENDER_ADDRESS"]),
            "emotion": grpc_serves(stack.emotion_address),
            "gateway": http_answers(f"{stack.gateway_url}/health/live"),
        }
        self._harm: dict[Kind, Callable[[psutil.Process], None]] = {
            Kind.KILL: psutil.Process.kill,
            Kind.RESTART: psutil.Process.terminate,
        }

    def strike(self, fault: Fault) -> float:
        """Do it, and wait until the part is back; returns how long it was away, in s."""
        began_s = time.monotonic()
        if fault.kind is Kind.FREEZE:
            self._freeze(fault.part)
        elif fault.part == DATABASE:
            self._restart_database(fault.kind)
        else:
            victim = self._stack.part(fault.part)
            self._harm[fault.kind](victim)
            self._wait_for_another(fault.part, victim.pid)
        return time.monotonic() - began_s

    def pids(self) -> dict[str, int]:
        """The first process of every part."""
        return self._stack.pids() | {DATABASE: self._database.pid}

    def _freeze(self, part: str) -> None:
        first = psutil.Process(self._database.pid) if part == DATABASE else self._stack.part(part)
        frozen = [first, *first.children(recursive=True)]
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(FREEZE_S)
        for process in reversed(frozen):
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _restart_database(self, kind: Kind) -> None:
        if kind is Kind.KILL:
            psutil.Process(self._database.pid).kill()
        else:
            self._database.stop()
        self._database.start()

    @stamina.retry(on=LookupError, attempts=None, timeout=BACK_TIMEOUT_S, wait_initial=0.05, wait_max=0.1)
    def _wait_for_another(self, part: str, pid: int) -> None:
        probe = self._probes.get(part)
        if self._stack.part(part).pid == pid or (probe and not asyncio.run(_answer(probe))):
            raise LookupError(part)


async def _answer(probe: Probe) -> bool:
    return await probe()
