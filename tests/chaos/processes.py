"""The processes of a running system, to be killed, frozen and restarted."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import psutil
import stamina

from standalone.probes import Probe, grpc_serves, http_answers, model_is_served, redis_answers
from tests.chaos.faults import LASTS_S, Fault, Harm
from tests.postgresql import PostgreSQL
from tests.running import PARTS, Stack

DATABASE: Final = "database"
BACK_TIMEOUT_S: Final = 60.0


class Processes:
    """Those of a system and its database."""

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

    def pids(self) -> dict[str, int]:
        """The first process of every part."""
        return self._stack.pids() | {DATABASE: self._database.pid}

    def harms(self) -> dict[Fault, Harm]:
        """What can be done to each part; each returns when the part is back."""
        harms: dict[Fault, Harm] = {}
        for part in PARTS:
            harms[Fault(part, "kill -9")] = partial(self._end, part, psutil.Process.kill)
            harms[Fault(part, "freeze")] = partial(self._freeze, part)
            harms[Fault(part, "restart")] = partial(self._end, part, psutil.Process.terminate)
        harms[Fault(DATABASE, "kill -9")] = partial(
            self._restart_database, lambda: psutil.Process(self._database.pid).kill()
        )
        harms[Fault(DATABASE, "freeze")] = partial(self._freeze, DATABASE)
        harms[Fault(DATABASE, "restart")] = partial(self._restart_database, self._database.stop)
        return harms

    def _end(self, part: str, end: Callable[[psutil.Process], None]) -> None:
        victim = self._stack.part(part)
        end(victim)
        self._wait_for_another(part, victim.pid)

    def _freeze(self, part: str) -> None:
        first = psutil.Process(self._database.pid) if part == DATABASE else self._stack.part(part)
        frozen = [first, *first.children(recursive=True)]
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(LASTS_S)
        for process in reversed(frozen):
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _restart_database(self, end: Callable[[], None]) -> None:
        end()
        self._database.start()

    @stamina.retry(on=LookupError, attempts=None, timeout=BACK_TIMEOUT_S, wait_initial=0.05, wait_max=0.1)
    def _wait_for_another(self, part: str, pid: int) -> None:
        probe = self._probes.get(part)
        if self._stack.part(part).pid == pid or (probe and not asyncio.run(_answer(probe))):
            raise LookupError(part)


async def _answer(probe: Probe) -> bool:
    return await probe()
