"""The supervisor and the stack on it, with small programs for parts."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import stamina

from servicekit.errors import ConfigurationError
from standalone.parts import Part
from standalone.stack import PartFailedError, Stack
from standalone.supervision import Supervisor, supervised

TIMEOUT_S = 30.0
WAITS = "import time; time.sleep(600)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITS!r}])"
IS_DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {WAITS}"


def part(name: str, code: str, after: tuple[str, ...] = (), one_shot: bool = False) -> Part:
    return Part(name, (sys.executable, "-c", code), after=after, one_shot=one_shot)


class Run:
    """A stack, what it announced, and its supervisor."""

    def __init__(self, parts: Iterable[Part], supervisor: Supervisor, data_dir: Path, ready_timeout_s: float) -> None:
        self.announced: list[str] = []
        self.supervisor = supervisor
        self.stack = Stack(tuple(parts), supervisor, data_dir, ready_timeout_s, self.announced.append)

    async def pid(self, name: str) -> int:
        return (await self.supervisor.processes())[name].pid


@asynccontextmanager
async def running(
    data_dir: Path, *parts: Part, ready_timeout_s: float = TIMEOUT_S, hurry: asyncio.Event | None = None
) -> AsyncGenerator[Run]:
    before = set(psutil.Process().children())
    async with supervised(parts, dict(os.environ), data_dir, hurry or asyncio.Event()) as supervisor:
        yield Run(parts, supervisor, data_dir, ready_timeout_s)
        (root,) = set(psutil.Process().children()) - before
        family = [root, *root.children(recursive=True)]
    await eventually(lambda: not any(alive(process) for process in family))


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.05, wait_max=0.2)
async def eventually(holds: Callable[[], bool]) -> None:
    assert holds()


async def test_a_part_starts_when_those_before_it_are_ready(tmp_path: Path):
    trace = tmp_path / "trace"
    first = part("first", f"open({str(trace)!r}, 'a').write('first ')", one_shot=True)
    second = part("second", f"open({str(trace)!r}, 'a').write('second'); {WAITS}", after=("first",))
    async with running(tmp_path, second, first) as run:
        await run.stack.start()
        await eventually(lambda: trace.read_text() == "first second")
        assert run.announced.index("starting  second") > run.announced.index("starting  first")
        assert [line.split()[:2] for line in run.announced if "(" in line] == [
            ["ready", "first"],
            ["running", "second"],
        ]


async def test_a_part_that_ends_badly_is_named_with_its_last_words(tmp_path: Path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "bad.log").write_text("from the run before\n")
    bad = part("bad", "import sys; sys.exit('the disk is full')", one_shot=True)
    async with running(tmp_path, part("good", WAITS), bad) as run:
        with pytest.raises(PartFailedError) as caught:
            await run.stack.start()
    assert caught.value.message == "bad ended with status 1.\n    the disk is full"
    assert str(tmp_path / "logs" / "bad.log") in caught.value.advice


async def test_a_part_that_never_becomes_ready_is_given_up_after_its_time(tmp_path: Path):
    async def never() -> bool:
        return False

    elsewhere = Part("elsewhere", (), never, advice="Look there.")
    async with running(tmp_path, elsewhere, ready_timeout_s=0.1) as run:
        with pytest.raises(PartFailedError, match=r"elsewhere is not ready after 0.1 s. Look there."):
            await run.stack.start()


async def test_of_several_late_parts_the_first_is_named(tmp_path: Path):
    """The others may be late because it is."""

    async def wait_on() -> bool:
        await asyncio.Event().wait()
        return False

    async def let_go_slowly() -> bool:
        try:
            return await wait_on()
        except asyncio.CancelledError:
            return await wait_on()

    cause, victim = Part("cause", (), let_go_slowly), Part("victim", (), wait_on)
    async with running(tmp_path, cause, victim, ready_timeout_s=0.1) as run:
        with pytest.raises(PartFailedError, match=r"cause is not ready after 0.1 s."):
            await run.stack.start()


async def test_a_command_that_is_not_there_is_told(tmp_path: Path):
    async with running(tmp_path, Part("ghost", ("/no/such/program",))) as run:
        with pytest.raises(ConfigurationError, match=r"ghost cannot be started: .*/no/such/program"):
            await run.stack.start()


async def test_a_killed_part_comes_back_and_that_is_told(tmp_path: Path):
    async with running(tmp_path, part("victim", WAITS)) as run:
        await run.stack.start()
        watching = asyncio.create_task(run.stack.watch())
        before = await run.pid("victim")
        psutil.Process(before).kill()
        await eventually(lambda: any(line.startswith("restarted victim") for line in run.announced))
        assert await run.pid("victim") not in (0, before)
        watching.cancel()


async def test_when_the_supervisor_goes_that_is_told_and_its_parts_go_too(tmp_path: Path):
    async with supervised([part("child", WAITS)], dict(os.environ), tmp_path, asyncio.Event()) as supervisor:
        run = Run([part("child", WAITS)], supervisor, tmp_path, TIMEOUT_S)
        await run.stack.start()
        orphan = psutil.Process(await run.pid("child"))
        psutil.Process(orphan.ppid()).kill()
        with pytest.raises(PartFailedError, match="supervisor has gone"):
            await run.stack.watch()
    await eventually(lambda: not alive(orphan))


async def test_grandchildren_go_too(tmp_path: Path):
    async with running(tmp_path, part("parent", HAS_A_CHILD)) as run:
        await run.stack.start()
        process = psutil.Process(await run.pid("parent"))
        await eventually(lambda: len(process.children()) == 1)


async def test_who_is_in_a_hurry_waits_for_nobody(tmp_path: Path):
    hurry = asyncio.Event()
    async with asyncio.timeout(TIMEOUT_S), running(tmp_path, part("deaf", IS_DEAF), hurry=hurry) as run:
        await run.stack.start()
        await eventually(lambda: (tmp_path / "logs" / "deaf.log").read_text() == "deaf\n")
        hurry.set()


async def test_a_long_and_odd_directory_name_is_no_obstacle(tmp_path: Path):
    data_dir = tmp_path / ("long 100% " * 10).strip()
    data_dir.mkdir()
    async with running(data_dir, part("one", WAITS)) as run:
        await run.stack.start()


async def test_two_runs_do_not_disturb_each_other(tmp_path: Path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    async with running(folders[0], part("same", WAITS)) as first:
        await first.stack.start()
        survivor = await first.pid("same")
        async with running(folders[1], part("same", WAITS)) as second:
            await second.stack.start()
            assert await second.pid("same") != survivor
        assert await first.pid("same") == survivor
