"""supervisord as a child of this process: it keeps the parts running, and takes them along when it goes."""

import asyncio
import configparser
import ctypes
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from supervisor.xmlrpc import SupervisorTransport

from servicekit.errors import ConfigurationError
from standalone.parts import Part
from standalone.settings import ROOT

START_TIMEOUT_S: Final = 30.0
STOP_WAIT_S: Final = 15
"""How long a part may take to stop before it is killed."""
STOP_TIMEOUT_S: Final = 3 * STOP_WAIT_S
START_SECONDS: Final = 10
"""A part that ends sooner is tried again after a wait, one that has run longer at once."""
START_RETRIES: Final = 4
"""How often in a row, each time after a longer wait."""
LOG_BYTES: Final = 5_000_000
LOG_BACKUPS: Final = 2

# sockaddr_un holds 108 bytes with the closing zero, and supervisord first binds a name with its process id appended.
_MAX_SOCKET_PATH_BYTES: Final = 90
_PR_SET_PDEATHSIG: Final = 1

# Groups stop one after the other, the highest priority first: whoever still talks to Redis goes before it.
_GROUPS: Final = {"services": 20, "stores": 10}
_STORES: Final = ("redis",)


class ProcessInfo(NamedTuple):
    """Where a part stands.

    Attributes:
        state: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED or FATAL.
        pid: its process; 0 while it does not run.
        exit_status: of its last end.
        problem: why it could not be started, where it could not.
    """

    state: str
    pid: int
    exit_status: int
    problem: str


class Supervisor:
    """Talks to a running supervisord.

    Args:
        socket_path: where it listens.
        process: supervisord itself.
    """

    def __init__(self, socket_path: Path, process: subprocess.Popen[bytes]) -> None:
        self._socket_path = socket_path
        self._process = process
        self._groups: set[int] = set()

    @property
    def is_running(self) -> bool:
        """Whether supervisord itself runs."""
        return self._process.poll() is None

    async def start(self, name: str) -> None:
        """Start a part; whether it comes up shows in `processes`.

        Raises:
            ConfigurationError: its command does not exist or may not be run.
        """
        try:
            await asyncio.to_thread(self._call, "startProcess", f"{_group_of(name)}:{name}", False)
        except xmlrpc.client.Fault as fault:
            raise ConfigurationError(f"{name} cannot be started: {fault.faultString}.", "Set it up again.") from fault

    async def processes(self) -> dict[str, ProcessInfo]:
        """Every part by name.

        Raises:
            OSError: supervisord does not answer.
        """
        infos = await asyncio.to_thread(self._call, "getAllProcessInfo")
        self._groups |= {info["pid"] for info in infos if info["pid"]}
        return {
            info["name"]: ProcessInfo(info["statename"], info["pid"], info["exitstatus"], info["spawnerr"])
            for info in infos
        }

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop every part and supervisord; kill what has not stopped in time, or all of it once `hurry` is set."""
        with suppress(OSError, xmlrpc.client.Error):
            await self.processes()
        if self.is_running:
            self._process.terminate()
        ended = asyncio.create_task(asyncio.to_thread(self._wait))
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait((ended, hurried), return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if self.is_running or self._process.returncode != 0:
            self._kill()
        await ended

    def _wait(self) -> None:
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill()

    def _kill(self) -> None:
        # Each part leads a process group of its own, and its children are in it.
        if self.is_running:
            self._process.kill()
        self._process.wait()
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket_path}")
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


@asynccontextmanager
async def supervised(
    parts: Iterable[Part], environment: dict[str, str], data_dir: Path, hurry: asyncio.Event
) -> AsyncGenerator[Supervisor]:
    """Run supervisord, with no part started yet, while open; afterwards no process is left.

    Args:
        parts: what it may start.
        environment: what every part gets.
        data_dir: the private directory of this run.
        hurry: once set, a stop kills.

    Raises:
        ConfigurationError: supervisord cannot be started.
    """
    log_dir(data_dir).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emoverse-") as short_dir:
        socket_path = _socket_path(data_dir, Path(short_dir))
        config_path = data_dir / "supervisord.conf"
        with config_path.open("w") as config_file:
            _configuration(parts, data_dir, socket_path).write(config_file)
        process = _spawn(config_path, environment, data_dir)
        supervisor = Supervisor(socket_path, process)
        try:
            await _answering(supervisor, data_dir)
            yield supervisor
        finally:
            await supervisor.stop(hurry)


def log_dir(data_dir: Path) -> Path:
    """Where the logs are."""
    return data_dir / "logs"


def log_path(data_dir: Path, name: str) -> Path:
    """Where a part's output goes."""
    return log_dir(data_dir) / f"{name}.log"


def _socket_path(data_dir: Path, short_dir: Path) -> Path:
    path = data_dir / "supervisor.sock"
    return path if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES else short_dir / "supervisor.sock"


def _group_of(name: str) -> str:
    return "stores" if name in _STORES else "services"


def _configuration(parts: Iterable[Part], data_dir: Path, socket_path: Path) -> configparser.RawConfigParser:
    own = [part for part in parts if part.command]
    config = configparser.RawConfigParser()
    config["unix_http_server"] = _escaped(file=socket_path, chmod="0700")
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    config["supervisord"] = _escaped(
        nodaemon="true",
        silent="true",
        directory=ROOT,
        pidfile=data_dir / "supervisord.pid",
        logfile=log_path(data_dir, "supervisord"),
        logfile_maxbytes=LOG_BYTES,
        logfile_backups=LOG_BACKUPS,
    )
    for group, priority in _GROUPS.items():
        names = [part.name for part in own if _group_of(part.name) == group]
        if names:
            config[f"group:{group}"] = {"programs": ",".join(names), "priority": str(priority)}
    for part in own:
        config[f"program:{part.name}"] = _program(part, data_dir)
    return config


def _program(part: Part, data_dir: Path) -> dict[str, str]:
    return _escaped(
        command=shlex.join(part.command),
        autostart="false",
        autorestart="false" if part.one_shot else "true",
        startsecs=0 if part.one_shot else START_SECONDS,
        startretries=START_RETRIES,
        stopasgroup="true",
        killasgroup="true",
        stopwaitsecs=STOP_WAIT_S,
        redirect_stderr="true",
        # This one value is expanded twice.
        stdout_logfile=_escape(str(log_path(data_dir, part.name))),
        stdout_logfile_maxbytes=LOG_BYTES,
        stdout_logfile_backups=LOG_BACKUPS,
    )


def _escaped(**values: object) -> dict[str, str]:
    return {name: _escape(str(value)) for name, value in values.items()}


def _escape(value: str) -> str:
    return value.replace("%", "%%")


def _spawn(config_path: Path, environment: dict[str, str], data_dir: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config_path)]
    with log_path(data_dir, "supervisord-start").open("wb") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C reaches every process of the terminal's group; the order of stopping is ours to decide.
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one system call)
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _answering(supervisor: Supervisor, data_dir: Path) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while supervisor.is_running:
                try:
                    await supervisor.processes()
                except (OSError, xmlrpc.client.Error):
                    await asyncio.sleep(0.05)
                else:
                    return
    except TimeoutError:
        pass
    raise ConfigurationError(
        "The process supervisor did not start.", f"Look at {log_path(data_dir, 'supervisord-start')}."
    )
