"""Brings the parts up, each as soon as it can, and tells when one falls."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from servicekit.errors import UnavailableError
from standalone.parts import Part
from standalone.supervision import ProcessInfo, Supervisor, log_path

PROBE_INTERVAL_S: Final = 0.25
WATCH_INTERVAL_S: Final = 1.0
SHOWN_LOG_LINES: Final = 8

Announce = Callable[[str], None]


class PartFailedError(UnavailableError):
    """A part of the system did not become ready."""

    default_code = "part_failed"


class Stack:
    """The parts of one run.

    Args:
        parts: what belongs to it.
        supervisor: starts them.
        data_dir: where their logs are.
        ready_timeout_s: how long each may take.
        announce: is told, in one line, what happens.
    """

    def __init__(
        self,
        parts: tuple[Part, ...],
        supervisor: Supervisor,
        data_dir: Path,
        ready_timeout_s: float,
        announce: Announce,
    ) -> None:
        self._parts = parts
        self._supervisor = supervisor
        self._data_dir = data_dir
        self._ready_timeout_s = ready_timeout_s
        self._announce = announce
        self._ready = {part.name: asyncio.Event() for part in parts}
        self._log_starts = {part.name: _size(log_path(data_dir, part.name)) for part in parts}

    async def start(self) -> None:
        """Bring every part up; returns when all are ready.

        Raises:
            PartFailedError: one did not become ready; the message says which and why.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts:
                    group.create_task(self._bring_up(part))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def watch(self) -> NoReturn:
        """Announce, for ever, every part that ended and was started again, and every one that was given up.

        Raises:
            PartFailedError: the supervisor itself has gone.
        """
        before = await self._processes()
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            now = await self._processes()
            for part in self._parts:
                if part.name in now and not part.one_shot:
                    self._announce_change(part, before[part.name], now[part.name])
            before = now

    async def _bring_up(self, part: Part) -> None:
        for name in part.after:
            await self._ready[name].wait()
        began = time.monotonic()
        if part.command:
            self._announce(f"starting  {part.name}")
            await self._supervisor.start(part.name)
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                await self._until_ready(part)
        except TimeoutError:
            # Parts stand behind those they need: whoever is late before this one may be why it is late.
            first = next(each for each in self._parts if not self._ready[each.name].is_set())
            raise self._failure(first, f"is not ready after {self._ready_timeout_s:g} s") from None
        known = "ready    " if part.probe or part.one_shot else "running  "
        self._announce(f"{known} {part.name} ({time.monotonic() - began:.1f} s)")
        self._ready[part.name].set()

    async def _until_ready(self, part: Part) -> None:
        while True:
            if await self._is_ready(part):
                return
            await asyncio.sleep(PROBE_INTERVAL_S)

    async def _is_ready(self, part: Part) -> bool:
        if not part.command:
            return part.probe is None or await part.probe()
        info = (await self._processes())[part.name]
        if info.state == "FATAL" or (info.state == "EXITED" and info.exit_status != 0):
            ended = f"ended with status {info.exit_status}"
            raise self._failure(part, ended if info.exit_status else f"could not be started: {info.problem}")
        if part.one_shot:
            return info.state == "EXITED"
        return info.state in ("STARTING", "RUNNING") and (part.probe is None or await part.probe())

    async def _processes(self) -> dict[str, ProcessInfo]:
        try:
            return await self._supervisor.processes()
        except OSError as error:
            log = log_path(self._data_dir, "supervisord")
            raise PartFailedError("The process supervisor has gone.", f"Start again; its log is {log}.") from error

    def _failure(self, part: Part, what: str) -> PartFailedError:
        lines = "".join(f"\n    {line}" for line in self._last_lines(part))
        advice = f"{part.advice} " if part.advice else ""
        if part.command:
            advice += f"Its log is {log_path(self._data_dir, part.name)}."
        return PartFailedError(f"{part.name} {what}.{lines}", advice.strip())

    def _last_lines(self, part: Part) -> list[str]:
        path = log_path(self._data_dir, part.name)
        if not path.exists():
            return []
        with path.open(errors="replace") as log:
            # What an earlier run wrote explains nothing; a log that was rotated since is shorter.
            log.seek(min(self._log_starts[part.name], _size(path)))
            return log.read().splitlines()[-SHOWN_LOG_LINES:]

    def _announce_change(self, part: Part, before: ProcessInfo, now: ProcessInfo) -> None:
        if now.state == "FATAL" and before.state != "FATAL":
            self._announce(str(self._failure(part, f"keeps ending (status {now.exit_status}) and was given up")))
        elif now.pid and before.pid != now.pid:
            self._announce(f"restarted {part.name}, which had ended; its log is {log_path(self._data_dir, part.name)}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
