"""How versions replace each other, on a runtime whose timing the tests decide."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import stamina
from google.rpc import code_pb2

from contracts.tfserving import tfs
from standalone.model_server.errors import ServingError
from standalone.model_server.runtime import Array, LoadedModel, SignatureDef
from standalone.model_server.versions import ModelVersions

State = tfs.get_model_status_pb2.ModelVersionStatus
TIMEOUT_S = 10


class FakeModel:
    """Answers its version; waits for `release` first where the test holds it."""

    def __init__(self, journal: list[str], version: str) -> None:
        self.signatures: Mapping[str, SignatureDef] = {}
        self.release = threading.Event()
        self.release.set()
        self._journal = journal
        self._version = version

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        self._journal.append(f"predict {self._version}")
        assert self.release.wait(TIMEOUT_S)
        return {"version": np.array(int(self._version))}

    def close(self) -> None:
        self._journal.append(f"close {self._version}")


class FakeRuntime:
    """A folder is a model when it holds a file named `model`, and a good one when that says so."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.models: dict[str, FakeModel] = {}

    def is_complete(self, folder: Path) -> bool:
        return (folder / "model").exists()

    def load(self, folder: Path) -> LoadedModel:
        self.journal.append(f"load {folder.name}")
        if (folder / "model").read_text() != "good":
            raise ServingError(code_pb2.INVALID_ARGUMENT, "a bad model")
        return self.models.setdefault(folder.name, FakeModel(self.journal, folder.name))


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def versions(tmp_path: Path, runtime: FakeRuntime) -> ModelVersions:
    return ModelVersions("emotion", tmp_path, runtime, threads=1)


def add(base_path: Path, version: str, content: str = "good") -> None:
    folder = base_path / version
    folder.mkdir(exist_ok=True)
    (folder / "model").write_text(content)


def states(versions: ModelVersions) -> dict[int, int]:
    return {status.number: status.state for status in versions.statuses("emotion", None)}


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.001, wait_max=0.01)
async def reached(versions: ModelVersions, number: int, state: int) -> None:
    assert states(versions)[number] == state


async def predict(versions: ModelVersions) -> int:
    return int((await versions.find("emotion", None).predict("", {}, []))["version"])


async def test_the_newest_version_is_served_by_number_and_not_by_name(versions: ModelVersions, tmp_path: Path):
    for name in ("2", "10", "1", "notes", "11x"):
        add(tmp_path, name)
    await versions.poll()
    assert await predict(versions) == 10
    assert states(versions) == {10: State.AVAILABLE}


async def test_a_new_version_is_loaded_before_the_old_one_goes(
    versions: ModelVersions, runtime: FakeRuntime, tmp_path: Path
):
    add(tmp_path, "1")
    await versions.poll()
    add(tmp_path, "2")
    await versions.poll()
    assert runtime.journal == ["load 1", "load 2", "close 1"]
    assert states(versions) == {2: State.AVAILABLE, 1: State.END}


async def test_predictions_that_were_accepted_finish_before_their_version_goes(
    versions: ModelVersions, runtime: FakeRuntime, tmp_path: Path
):
    add(tmp_path, "1")
    await versions.poll()
    runtime.models["1"].release.clear()
    old = [asyncio.create_task(predict(versions)) for _ in range(3)]
    await asyncio.sleep(0)
    add(tmp_path, "2")
    replacing = asyncio.create_task(versions.poll())
    await reached(versions, 1, State.UNLOADING)
    assert await predict(versions) == 2
    assert "close 1" not in runtime.journal
    runtime.models["1"].release.set()
    await replacing
    assert await asyncio.gather(*old) == [1, 1, 1]
    assert runtime.journal[-1] == "close 1"


async def test_a_version_that_fails_leaves_the_old_one_and_is_tried_again_once_changed(
    versions: ModelVersions, runtime: FakeRuntime, tmp_path: Path
):
    add(tmp_path, "1")
    await versions.poll()
    add(tmp_path, "2", "bad")
    await versions.poll()
    await versions.poll()
    assert await predict(versions) == 1
    assert runtime.journal.count("load 2") == 1
    (failed,) = versions.statuses("emotion", 2)
    assert failed.state == State.END
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == (code_pb2.INVALID_ARGUMENT, "a bad model")
    add(tmp_path, "2", "good")
    await versions.poll()
    assert await predict(versions) == 2


async def test_with_a_broken_newest_version_at_the_start_the_one_before_it_is_served(
    versions: ModelVersions, tmp_path: Path
):
    add(tmp_path, "1")
    add(tmp_path, "2", "bad")
    await versions.poll()
    assert await predict(versions) == 1


async def test_a_removed_version_gives_way_to_the_one_before_it_and_the_last_one_stays(
    versions: ModelVersions, tmp_path: Path
):
    for name in ("1", "2"):
        add(tmp_path, name)
    await versions.poll()
    (tmp_path / "2" / "model").unlink()
    await versions.poll()
    assert await predict(versions) == 1
    (tmp_path / "1" / "model").unlink()
    await versions.poll()
    assert await predict(versions) == 1


async def test_nothing_is_served_from_an_empty_folder(versions: ModelVersions):
    await versions.poll()
    assert not versions.is_serving
    for number in (None, 1):
        with pytest.raises(ServingError) as caught:
            versions.find("emotion", number)
        assert caught.value.code == code_pb2.NOT_FOUND
        with pytest.raises(ServingError) as caught:
            versions.statuses("emotion", number)
        assert caught.value.code == code_pb2.NOT_FOUND


async def test_closing_frees_the_served_version(versions: ModelVersions, runtime: FakeRuntime, tmp_path: Path):
    add(tmp_path, "1")
    await versions.poll()
    await versions.close()
    assert runtime.journal[-1] == "close 1"
    assert not versions.is_serving
