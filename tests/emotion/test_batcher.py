"""Batches by size or by time; each caller gets its own answer, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from servicekit.errors import OverloadedError, UnavailableError
from services.emotion.batcher import Batcher, BatchRules
from tests.emotion.support import until

FOREVER_S = 60.0


class Doubler:
    """Answers twice the number; holds every batch until released."""

    def __init__(self, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.released = asyncio.Event()
        self.error: Exception | None = None
        if not held:
            self.released.set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.released.wait()
        if self.error:
            raise self.error
        return [2 * item for item in items]


@asynccontextmanager
async def batching(doubler: Doubler, rules: BatchRules) -> AsyncGenerator[Batcher[int, int]]:
    batcher = Batcher(doubler, rules)
    async with asyncio.timeout(20), batcher.running():
        yield batcher


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_full_batch_does_not_wait():
    doubler = Doubler()
    async with batching(doubler, BatchRules(max_size=3, max_wait_s=FOREVER_S)) as batcher:
        assert await asyncio.gather(*(batcher.submit(n) for n in range(3))) == [0, 2, 4]
    assert doubler.batches == [[0, 1, 2]]


async def test_one_alone_waits_no_longer_than_it_must():
    async with batching(Doubler(), BatchRules(max_size=3, max_wait_s=0.001)) as batcher:
        assert await batcher.submit(21) == 42


async def test_where_no_company_is_expected_nobody_waits_for_it():
    now_s = 0.0
    doubler = Doubler()
    batcher = Batcher(doubler, BatchRules(max_size=2, max_wait_s=FOREVER_S), lambda: now_s)
    async with asyncio.timeout(20), batcher.running():
        for n in range(3):
            now_s += FOREVER_S / 2
            assert await batcher.submit(n) == 2 * n
        # Once they come more often, each waits for the next.
        now_s += 1
        callers = [asyncio.create_task(batcher.submit(n)) for n in range(30)]
        assert await asyncio.gather(*callers) == [2 * n for n in range(30)]
        last = asyncio.create_task(batcher.submit(7))
        await settle()
        assert not last.done()
        assert await asyncio.gather(last, batcher.submit(8)) == [14, 16]
    assert doubler.batches[:3] == [[0], [1], [2]]
    assert doubler.batches[-1] == [7, 8]


async def test_many_are_split_into_batches_and_answered_each_with_its_own():
    doubler = Doubler()
    async with batching(doubler, BatchRules(max_size=8, max_wait_s=0.001)) as batcher:
        assert await asyncio.gather(*(batcher.submit(n) for n in range(100))) == [2 * n for n in range(100)]
    assert max(map(len, doubler.batches)) == 8


async def test_while_batches_are_running_the_next_one_grows():
    doubler = Doubler(held=True)
    async with batching(doubler, BatchRules(max_size=8, max_wait_s=0.0001, max_running=1)) as batcher:
        first = asyncio.create_task(batcher.submit(1))
        await until(lambda: bool(doubler.batches))
        others = [asyncio.create_task(batcher.submit(n)) for n in range(2, 6)]
        await settle()
        assert doubler.batches == [[1]]
        doubler.released.set()
        assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert doubler.batches == [[1], [2, 3, 4, 5]]


async def test_a_caller_cancelled_while_waiting_strands_nobody_and_costs_nothing():
    doubler = Doubler()
    async with batching(doubler, BatchRules(max_size=3, max_wait_s=FOREVER_S)) as batcher:
        callers = [asyncio.create_task(batcher.submit(n)) for n in range(2)]
        await settle()
        callers[0].cancel()
        await settle()
        last = asyncio.create_task(batcher.submit(2))
        assert await asyncio.gather(callers[1], last) == [2, 4]
    assert doubler.batches == [[1, 2]]


async def test_a_caller_cancelled_during_its_batch_strands_nobody():
    doubler = Doubler(held=True)
    async with batching(doubler, BatchRules(max_size=3, max_wait_s=FOREVER_S)) as batcher:
        callers = [asyncio.create_task(batcher.submit(n)) for n in range(3)]
        await settle()
        callers[1].cancel()
        await settle()
        doubler.released.set()
        assert await asyncio.gather(callers[0], callers[2]) == [0, 4]
        assert callers[1].cancelled()


async def test_when_all_callers_are_cancelled_the_next_ones_are_served():
    doubler = Doubler()
    async with batching(doubler, BatchRules(max_size=2, max_wait_s=0.001)) as batcher:
        gone = asyncio.create_task(batcher.submit(0))
        await asyncio.sleep(0)
        gone.cancel()
        assert await batcher.submit(1) == 2


async def test_a_failed_batch_fails_its_own_callers_with_its_error_and_no_others():
    doubler = Doubler()
    async with batching(doubler, BatchRules(max_size=2, max_wait_s=FOREVER_S)) as batcher:
        doubler.error = UnavailableError("The model is away.", "Wait.")
        answers = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
        assert answers == [doubler.error, doubler.error]
        doubler.error = None
        assert await asyncio.gather(batcher.submit(1), batcher.submit(2)) == [2, 4]


async def test_an_answer_of_the_wrong_length_fails_the_batch():
    async def too_few(items: Sequence[int]) -> list[int]:
        return list(items[1:])

    batcher = Batcher(too_few, BatchRules(max_size=2))
    async with asyncio.timeout(20), batcher.running():
        answers = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert [type(answer) for answer in answers if answer != 2].count(ValueError) >= 1
    assert all(isinstance(answer, ValueError | int) for answer in answers)


async def test_beyond_its_bound_it_refuses_and_serves_those_it_took():
    doubler = Doubler(held=True)
    rules = BatchRules(max_size=1, max_wait_s=0.0001, max_waiting=3, max_running=1)
    async with batching(doubler, rules) as batcher:
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: bool(doubler.batches))
        waiting = [asyncio.create_task(batcher.submit(n)) for n in (1, 2, 3)]
        await settle()
        with pytest.raises(OverloadedError):
            await batcher.submit(4)
        waiting[0].cancel()
        await settle()
        taken = asyncio.create_task(batcher.submit(5))
        await settle()
        doubler.released.set()
        assert await asyncio.gather(first, waiting[1], waiting[2], taken) == [0, 4, 6, 10]


async def test_closing_leaves_nobody_waiting():
    doubler = Doubler(held=True)
    async with batching(doubler, BatchRules(max_size=1, max_wait_s=0.0001, max_running=1)) as batcher:
        callers = [asyncio.create_task(batcher.submit(n)) for n in range(3)]
        await until(lambda: bool(doubler.batches))
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [UnavailableError] * 3
    with pytest.raises(UnavailableError):
        await batcher.submit(1)
