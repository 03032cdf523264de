"""What the processes of a stack cost: found from the port one of them listens on, told apart by their commands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import psutil

CLIENTS: Final = "clients"
"""This process, which holds every client."""
MIB: Final = 2**20

_NAMES: Final = {
    "services.emotion": "emotion",
    "services.gateway": "gateway",
    "services.recommender": "recommender",
    "services.capture": "capture",
    "standalone.model_server": "model-server",
    "standalone": "standalone",
    "supervisor.supervisord": "supervisor",
}


class Cost(NamedTuple):
    """What a process, or several of one name, has used since it began."""

    cpu_s: float
    """User and system time."""
    rss_mb: float
    """Memory in use now, MiB."""


def listener(port: int) -> psutil.Process | None:
    """The process of this machine that listens on `port`; None where there is none, or it is another user's."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            return psutil.Process(connection.pid)
    return None


def stack_around(port: int) -> list[psutil.Process]:
    """The process that listens on `port` and everything that the same supervisor started; empty where nobody does."""
    first = listener(port)
    if first is None:
        return []
    supervisor = first.parent()
    if supervisor is None or name_of(supervisor) != "supervisor":
        return [first]
    return [supervisor, *supervisor.children(recursive=True)]


def name_of(process: psutil.Process) -> str:
    """What people call the process."""
    command = process.cmdline()
    if "-m" in command:
        module, *arguments = command[command.index("-m") + 1 :]
        name = _NAMES.get(module, module)
        return f"{name}-{arguments[0]}" if name == "recommender" and arguments else name
    return Path(command[0]).name.partition(" ")[0] if command else process.name()


def costs(processes: Iterable[psutil.Process]) -> dict[str, Cost]:
    """The cost of each by name, with this process as `CLIENTS`; one that has ended is left out."""
    by_name: defaultdict[str, list[Cost]] = defaultdict(list)
    for process in processes:
        try:
            by_name[name_of(process)].append(_cost(process))
        except psutil.NoSuchProcess:
            continue
    by_name[CLIENTS].append(_cost(psutil.Process()))
    return {name: Cost(*map(sum, zip(*each, strict=True))) for name, each in by_name.items()}


def cpu_ms_per_frame(before: Mapping[str, Cost], after: Mapping[str, Cost], frames: int) -> dict[str, float]:
    """Processor time a frame by process, milliseconds, and their sum as "total"."""
    used = {name: 1000 * (after[name].cpu_s - before[name].cpu_s) / max(frames, 1) for name in before.keys() & after}
    used["total"] = sum(used.values())
    return {name: round(used[name], 3) for name in sorted(used)}


def _cost(process: psutil.Process) -> Cost:
    with process.oneshot():
        times = process.cpu_times()
        return Cost(times.user + times.system, process.memory_info().rss / MIB)
