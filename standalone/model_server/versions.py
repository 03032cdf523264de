"""The versions of one model: found in a folder, loaded, served, and replaced without a gap."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog
from google.rpc import code_pb2

from contracts.tfserving import tfs
from standalone.model_server.errors import ServingError, not_found
from standalone.model_server.runtime import Array, LoadedModel, Runtime

State = tfs.get_model_status_pb2.ModelVersionStatus
Fingerprint = frozenset[tuple[str, int, int]]

_log = structlog.get_logger(__name__)


@dataclass
class VersionStatus:
    """How far a version has come.

    Attributes:
        number: its version number.
        state: a value of `ModelVersionStatus.State`.
        error: why it could not be loaded.
        fingerprint: what its folder looked like when it was last tried.
    """

    number: int
    state: int
    fingerprint: Fingerprint
    error: ServingError | None = None


class ServedVersion:
    """A version that answers, with the threads its predictions run on."""

    def __init__(self, number: int, model: LoadedModel, threads: int) -> None:
        self.number = number
        self.signatures = model.signatures
        self._model = model
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"predict-{number}")

    async def predict(
        self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]
    ) -> dict[str, Array]:
        """Run one signature on a thread. A call that is cancelled while it waits for one never starts.

        Raises:
            ServingError: the runtime refused.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._model.predict, signature_name, inputs, outputs)

    async def close(self) -> None:
        """Let the predictions that were accepted finish, then free the model."""
        await asyncio.to_thread(self._pool.shutdown)
        self._model.close()


class ModelVersions:
    """Serves the newest version that loads.

    A new version is loaded before the old one is let go. One that fails leaves the old one serving, and is tried again
    only when its folder has changed.

    Args:
        name: the model's name in requests.
        base_path: holds one folder a version, named by its number; it may appear later.
        runtime: loads them.
        threads: predictions that run at once.
    """

    def __init__(self, name: str, base_path: Path, runtime: Runtime, threads: int) -> None:
        self._name = name
        self._base_path = base_path
        self._runtime = runtime
        self._threads = threads
        self._statuses: dict[int, VersionStatus] = {}
        self._serving: ServedVersion | None = None

    @property
    def is_serving(self) -> bool:
        """Whether any version answers."""
        return self._serving is not None

    def find(self, name: str, number: int | None) -> ServedVersion:
        """The version to answer with; without a number, the one served.

        Raises:
            ServingError: NOT_FOUND, the model or the version is unknown, or not loaded.
        """
        serving = self._serving
        if serving is None or name != self._name or number not in (None, serving.number):
            request = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise not_found(f"Servable not found for request: {request}")
        return serving

    def statuses(self, name: str, number: int | None) -> list[VersionStatus]:
        """Every version seen since the start, or the one of that number, the newest first.

        Raises:
            ServingError: NOT_FOUND, there is none.
        """
        known = self._statuses if name == self._name else {}
        if number is None and not known:
            raise not_found(f"Could not find any versions of model {name}")
        if number is not None and number not in known:
            raise not_found(f"Could not find version {number} of model {name}")
        return [known[each] for each in sorted(known, reverse=True) if number in (None, each)]

    async def poll(self) -> None:
        """Look at the folder once, and load what is newer than what is served."""
        for number, folder in await asyncio.to_thread(self._candidates):
            if self._serving is not None and self._serving.number == number:
                return
            if await self._try_to_serve(number, folder):
                return

    async def close(self) -> None:
        """Let go of the version served."""
        serving, self._serving = self._serving, None
        if serving is not None:
            await self._unload(serving)

    def _candidates(self) -> list[tuple[int, Path]]:
        folders = self._base_path.iterdir() if self._base_path.is_dir() else ()
        complete = (each for each in folders if each.name.isdecimal() and self._runtime.is_complete(each))
        return sorted(((int(each.name), each) for each in complete), reverse=True)

    async def _try_to_serve(self, number: int, folder: Path) -> bool:
        fingerprint = _fingerprint(folder)
        before = self._statuses.get(number)
        if before is not None and before.error is not None and before.fingerprint == fingerprint:
            return False
        status = self._statuses[number] = VersionStatus(number, State.LOADING, fingerprint)
        try:
            model = await asyncio.to_thread(self._runtime.load, folder)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with a model, the server goes on)
            self._record_failure(status, error)
            return False
        replaced, self._serving = self._serving, ServedVersion(number, model, self._threads)
        status.state = State.AVAILABLE
        _log.info("serving", model=self._name, version=number)
        if replaced is not None:
            await self._unload(replaced)
        return True

    def _record_failure(self, status: VersionStatus, error: Exception) -> None:
        status.error = (
            error
            if isinstance(error, ServingError)
            else ServingError(code_pb2.UNKNOWN, f"{type(error).__name__}: {error}")
        )
        status.state = State.END
        _log.error(
            "a version could not be loaded",
            model=self._name,
            version=status.number,
            error=status.error.message,
            advice="Export it again, or remove its folder.",
        )

    async def _unload(self, version: ServedVersion) -> None:
        status = self._statuses[version.number]
        status.state = State.UNLOADING
        await version.close()
        status.state = State.END
        _log.info("unloaded", model=self._name, version=version.number)


def _fingerprint(folder: Path) -> Fingerprint:
    return frozenset(_files(folder))


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in folder.rglob("*"):
        stat = path.stat()
        yield str(path), stat.st_size, stat.st_mtime_ns
