"""Watches what the gateway depends on, for readiness and for the readers of live channels."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from servicekit.errors import UnavailableError
from servicekit.pubsub import MAX_RECONNECT_WAIT_S
from services.gateway.live import RESUMED, LiveFeed, LiveMessage, Refresh

CHECK_INTERVAL_S: Final = 1.0
CHECK_TIMEOUT_S: Final = 2.5

# An answering Redis does not mean that our subscription is back: its reconnection waits its own backoff first.
SETTLED_CHECKS: Final = 2 + round(MAX_RECONNECT_WAIT_S / CHECK_INTERVAL_S)

_log = structlog.get_logger(__name__)


class Dependency(StrEnum):
    """What the gateway needs to do its work."""

    REDIS = "redis"
    RECOMMENDER = "recommender"


Check = Callable[[], Awaitable[None]]
"""Returns if the dependency works, raises `UnavailableError` otherwise."""


@dataclass
class _History:
    up: bool | None = None
    streak: int = 0
    """Equal results in a row."""

    def add(self, up: bool) -> bool:
        """Remember a result; true where it differs from the one before."""
        changed = up != self.up
        self.streak = 1 if changed else self.streak + 1
        self.up = up
        return changed


class Watch:
    """Tells live readers when a dependency goes away, and has them refreshed once it is surely back."""

    def __init__(self, checks: Mapping[Dependency, Check], feed: LiveFeed) -> None:
        self._checks = checks
        self._feed = feed
        self._histories = {dependency: _History() for dependency in checks}

    async def check(self) -> dict[Dependency, UnavailableError | None]:
        """What is wrong with each dependency now, if anything; takes at most `CHECK_TIMEOUT_S`."""
        # Unlike gather, a group that is cancelled waits until every check has let go of its connection.
        async with asyncio.TaskGroup() as group:
            asked = {name: group.create_task(_error_of(name, check)) for name, check in self._checks.items()}
        return {name: task.result() for name, task in asked.items()}

    def is_up(self, dependency: Dependency) -> bool:
        """Whether it answered the last check."""
        return bool(self._histories[dependency].up)

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await self.tick()
            await asyncio.sleep(CHECK_INTERVAL_S)

    async def tick(self) -> None:
        """Check once, and tell the live readers what that means for them."""
        for dependency, error in (await self.check()).items():
            self._record(dependency, error)
        settled = {name for name, past in self._histories.items() if past.up and past.streak >= SETTLED_CHECKS}
        for listener in self._feed.listeners:
            if listener.missing & settled:
                listener.missing -= settled
                listener.offer(LiveMessage.notice(RESUMED))
                listener.offer(Refresh())

    def _record(self, dependency: Dependency, error: UnavailableError | None) -> None:
        if not self._histories[dependency].add(error is None):
            return
        if error is None:
            _log.info("a dependency answers", dependency=dependency)
            return
        _log.warning(error.message, dependency=dependency, advice=error.advice)
        message = LiveMessage.failure(error)
        for listener in self._feed.listeners:
            listener.missing.add(dependency)
            listener.offer(message)


async def _error_of(dependency: Dependency, check: Check) -> UnavailableError | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except UnavailableError as error:
        return error
    except TimeoutError:
        return UnavailableError(
            f"The {dependency} did not answer a check within {CHECK_TIMEOUT_S:g} s.",
            "Check that it runs and is not overloaded.",
            code=f"{dependency}_unavailable",
        )
    return None
