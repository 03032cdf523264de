"""Gathers what many callers ask for into batches, by size or by time, and gives each caller its own answer."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

from servicekit.background import in_background
from servicekit.errors import OverloadedError, UnavailableError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class BatchRules:
    """How large and how patient the batches are."""

    max_size: int = 32
    max_wait_s: float = 0.03
    """How long the oldest item waits for company, where at least `COMPANY` are expected meanwhile."""
    max_waiting: int = 512
    """Items beyond these are refused."""
    max_running: int = 2
    """Batches being answered at once; while they are, the next one grows."""


COMPANY: Final = 4
"""Fewer items than these are not worth the wait."""
SMOOTHING: Final = 0.1
"""The weight of one arrival in the average time between two."""


@dataclass(frozen=True)
class _Waiting(Generic[ItemT, ResultT]):
    item: ItemT
    since_s: float
    answer: asyncio.Future[ResultT] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher(Generic[ItemT, ResultT]):
    """Every item travels with its own future, so a caller that is cancelled leaves no other one behind.

    Args:
        answer: gives one result for each item, in their order. What it raises reaches every caller of that batch.
        clock: seconds, never running backwards.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]],
        rules: BatchRules | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer = answer
        self._rules = rules or BatchRules()
        self._clock = clock
        self._last_s: float | None = None
        self._gap_s: float | None = None
        self._waiting: deque[_Waiting[ItemT, ResultT]] = deque()
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._slots = asyncio.Semaphore(self._rules.max_running)
        self._batches: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that are in no batch yet."""
        return len(self._waiting)

    async def submit(self, item: ItemT) -> ResultT:
        """The result for one item. Waits without a deadline: give it one with `asyncio.timeout`.

        Raises:
            OverloadedError: too many wait already.
            UnavailableError: the batcher is closing.
            Exception: what `answer` raised for the batch the item was in.
        """
        if self._closed:
            raise _closing()
        self._forget_cancelled()
        if len(self._waiting) >= self._rules.max_waiting:
            raise OverloadedError(
                f"{len(self._waiting)} faces wait for the model already.", "Send fewer frames, or add workers."
            )
        waiting = _Waiting[ItemT, ResultT](item, self._clock())
        self._waiting.append(waiting)
        self._expect(waiting.since_s)
        self._arrived.set()
        if len(self._waiting) >= self._rules.max_size:
            self._full.set()
        return await waiting.answer

    def _expect(self, now_s: float) -> None:
        if self._last_s is not None:
            gap_s = now_s - self._last_s
            self._gap_s = gap_s if self._gap_s is None else self._gap_s + SMOOTHING * (gap_s - self._gap_s)
        self._last_s = now_s

    def _forget_cancelled(self) -> None:
        if len(self._waiting) >= self._rules.max_waiting:
            self._waiting = deque(waiting for waiting in self._waiting if not waiting.answer.done())

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Answer while open; whoever still waits at the end gets an `UnavailableError`."""
        try:
            async with in_background(self._run()):
                yield
        finally:
            self._closed = True
            batches = list(self._batches)
            for batch in batches:
                batch.cancel()
            await asyncio.gather(*batches, return_exceptions=True)
            _fail(self._waiting, _closing())

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await self._wait_for_company()
            await self._slots.acquire()
            batch = self._take()
            task = asyncio.create_task(self._deliver(batch))
            self._batches.add(task)
            task.add_done_callback(partial(self._finished, batch))

    async def _wait_for_company(self) -> None:
        if self._gap_s is None or COMPANY * self._gap_s > self._rules.max_wait_s:
            return
        patience_s = self._waiting[0].since_s + self._rules.max_wait_s - self._clock()
        try:
            async with asyncio.timeout(patience_s):
                await self._full.wait()
        except TimeoutError:
            return

    def _take(self) -> list[_Waiting[ItemT, ResultT]]:
        batch: list[_Waiting[ItemT, ResultT]] = []
        while self._waiting and len(batch) < self._rules.max_size:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
        if not self._waiting:
            self._arrived.clear()
        if len(self._waiting) < self._rules.max_size:
            self._full.clear()
        return batch

    def _finished(self, batch: list[_Waiting[ItemT, ResultT]], task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._slots.release()
        # Only a cancelled task, which may never have begun, leaves a future open.
        _fail(batch, _closing())

    async def _deliver(self, batch: list[_Waiting[ItemT, ResultT]]) -> None:
        try:
            results = await self._answer([waiting.item for waiting in batch]) if batch else []
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(result)
        except Exception as error:  # noqa: BLE001  (whatever it is belongs to the callers)
            _fail(batch, error)


def _fail(waiting: Sequence[_Waiting[ItemT, ResultT]], error: Exception) -> None:
    for one in waiting:
        if not one.answer.done():
            one.answer.set_exception(error)


def _closing() -> UnavailableError:
    return UnavailableError("The service is stopping.", "Connect again.", code="stopping")
