"""The LiteRT form of a version: it agrees with the SavedModel beside it, or it is not used."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import structlog.testing
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from contracts.emotion import Emotion
from contracts.model import FACE_SIZE_PX, INPUT_NAME, LITERT_FILE, MODEL_NAME, PROBABILITIES, UNCERTAIN_BELOW
from contracts.tfserving import tfs
from services.capture.demo import draw_face
from standalone.model_server.litert_runtime import LiteRTModel, LiteRTRuntime
from standalone.model_server.runtime import Array, SignatureDef
from standalone.model_server.tensors import to_proto
from standalone.settings import MODELS, ROOT, model_versions

*_, OTHER, NEWEST = model_versions()
MAX_APART = 0.05
MEAN_APART = 0.005
TIMEOUT_S = 30.0


def faces() -> Array:
    """The drawn face in every expression, whole and half: uint8, (28, 48, 48, 1)."""
    pictures = [
        draw_face(emotion, intensity, seed=seed)[140:340, 220:420]
        for emotion in Emotion
        for intensity in (0.5, 1.0)
        for seed in (1, 2)
    ]
    grey = np.stack([picture.mean(axis=2) for picture in pictures])
    rows = np.linspace(0, grey.shape[1] - 1, FACE_SIZE_PX).astype(int)
    return grey[:, rows][:, :, rows, None].astype(np.uint8)


def predicted(prediction: object, pictures: Array, outputs: list[str]) -> NDArray[np.float64]:
    request = tfs.predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.name = MODEL_NAME
    request.inputs[INPUT_NAME].CopyFrom(to_proto(pictures))
    response = prediction.Predict(request, timeout=TIMEOUT_S)  # pyright: ignore[reportAttributeAccessIssue]
    return np.array(response.outputs[PROBABILITIES].float_val).reshape(len(pictures), -1)


def test_the_served_version_answers_alike_in_both_forms(
    run_model_server: Callable[[Path], AbstractContextManager[str]], await_health: Callable[[str], None]
):
    assert (NEWEST / LITERT_FILE).is_file(), f"write it: python -m training.litert {NEWEST.relative_to(ROOT)}"
    with run_model_server(MODELS) as address, grpc.insecure_channel(address) as channel:
        await_health(address)
        prediction = tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel)
        quick = predicted(prediction, faces(), [PROBABILITIES])
        # With another output beside it the SavedModel itself answers.
        exact = predicted(prediction, faces(), [PROBABILITIES, UNCERTAIN_BELOW])
    assert (quick != exact).any(), "the LiteRT form was not used"
    assert np.abs(quick - exact).max() <= MAX_APART
    assert np.abs(quick - exact).mean() <= MEAN_APART
    clear = np.sort(exact)[:, -1] - np.sort(exact)[:, -2] > 2 * MAX_APART
    assert clear.any()
    assert (quick.argmax(1) == exact.argmax(1))[clear].all()


class FakeRuntime:
    """Loads a model that answers the same for every face."""

    signatures: Mapping[str, SignatureDef] = {}

    def is_complete(self, folder: Path) -> bool:
        return folder.is_dir()

    def load(self, folder: Path) -> "FakeRuntime":
        return self

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        return {name: np.full((len(inputs[INPUT_NAME]), 7), 1 / 7, np.float32) for name in outputs}

    def close(self) -> None: ...


@pytest.fixture
def version(tmp_path: Path) -> Path:
    (tmp_path / LITERT_FILE).parent.mkdir()
    return tmp_path


def served_instead(version: Path) -> str:
    with structlog.testing.capture_logs() as said:
        model = LiteRTRuntime(FakeRuntime()).load(version)
    assert isinstance(model, FakeRuntime)
    return said[0]["problem"] if said else ""


def test_a_version_without_it_is_served_as_it_is(version: Path):
    assert served_instead(version) == ""


def test_one_that_is_broken_is_not_used(version: Path):
    (version / LITERT_FILE).write_bytes(b"no flatbuffer")
    assert "does not run" in served_instead(version)


def test_one_of_another_network_is_not_used(version: Path):
    (version / LITERT_FILE).write_bytes((NEWEST / LITERT_FILE).read_bytes())
    assert "from the SavedModel's" in served_instead(version)


def test_one_that_answers_no_numbers_is_not_used(version: Path):
    content = (NEWEST / LITERT_FILE).read_bytes()
    (version / LITERT_FILE).write_bytes(content.replace(last_bias(content), np.full(7, np.nan, np.float32).tobytes()))
    assert "nan from the SavedModel's" in served_instead(version)


def last_bias(content: bytes) -> bytes:
    interpreter: Any = Interpreter(model_content=content, num_threads=1)
    wide = (each["index"] for each in interpreter.get_tensor_details() if tuple(each["shape"]) == (len(Emotion),))
    return interpreter.get_tensor(next(wide)).tobytes()


class Agreeing(FakeRuntime):
    """Answers what the file said when it was loaded."""

    def load(self, folder: Path) -> "FakeRuntime":
        self._model = LiteRTModel(self, (folder / LITERT_FILE).read_bytes())
        return self

    def predict(self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        return self._model.predict(signature_name, inputs, outputs)


@pytest.mark.parametrize("other", [OTHER, None])
def test_every_thread_answers_with_what_was_loaded(version: Path, other: Path | None):
    (version / LITERT_FILE).write_bytes((NEWEST / LITERT_FILE).read_bytes())
    model = LiteRTRuntime(Agreeing()).load(version)

    def read() -> Array:
        return model.predict("serving_default", {INPUT_NAME: faces()}, [PROBABILITIES])[PROBABILITIES]

    before = read()
    if other is None:
        (version / LITERT_FILE).unlink()
    else:
        (version / LITERT_FILE).write_bytes((other / LITERT_FILE).read_bytes())
    with ThreadPoolExecutor(1) as another_thread:
        assert np.array_equal(another_thread.submit(read).result(), before)


def test_what_a_face_is_read_as_does_not_depend_on_its_company():
    model = LiteRTModel(FakeRuntime(), (NEWEST / LITERT_FILE).read_bytes())
    together = model.predict("serving_default", {INPUT_NAME: faces()}, [PROBABILITIES])[PROBABILITIES]
    alone = [model.predict("serving_default", {INPUT_NAME: face[None]}, [PROBABILITIES]) for face in faces()]
    assert np.array_equal(together, np.concatenate([each[PROBABILITIES] for each in alone]))
    assert together.sum(axis=1) == pytest.approx(np.ones(len(together)), abs=1e-5)


def test_other_outputs_come_from_the_other_runtime():
    model = LiteRTModel(FakeRuntime(), (NEWEST / LITERT_FILE).read_bytes())
    answers = model.predict("serving_default", {INPUT_NAME: faces()}, [PROBABILITIES, "other"])
    assert answers["other"][0, 0] == pytest.approx(1 / 7)
