import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax
from tensorflow_serving.apis import prediction_log_pb2

from contracts.emotion import EMOTIONS
from contracts.model import (
    FER2013_PROBABILITIES,
    INPUT_NAME,
    LABELS,
    MODEL_NAME,
    PROBABILITIES,
    SIGNATURE_NAME,
    UNCERTAIN_BELOW,
)
from tests.training.support import TINY, rounded, synthetic_arrays
from training.calibrate import Calibration
from training.errors import ModelError
from training.export import export_model
from training.litert import LiteModel, write_litert
from training.networks import build_network
from training.record import read_record
from training.served import ServedModel, newest_version
from training.speed import measure
from training.warmup import WARMUP_BATCHES, WARMUP_FILE


def test_the_signature_gives_what_the_network_gives(exported: Path, tmp_path: Path) -> None:
    network = build_network(TINY.network)
    bias = np.linspace(-0.5, 0.5, len(EMOTIONS), dtype=np.float32)
    calibration = Calibration(2.0, 0.5, uncertain_below=0.4, fer2013_bias=tuple(map(float, bias)))
    record = read_record(exported)
    export_model(network, calibration, record, tmp_path / "7")

    served = ServedModel(newest_version(tmp_path))
    images = synthetic_arrays(5)["images"]
    readings = served.read(images)
    network.set_weights(rounded(network.get_weights()))
    ferplus, fer2013 = network.predict_on_batch(images[..., np.newaxis].astype(np.float32))
    np.testing.assert_allclose(readings.probabilities, softmax(ferplus / 2.0, axis=1), atol=1e-5)
    np.testing.assert_allclose(readings.fer2013_probabilities, softmax(fer2013 / 0.5 + bias, axis=1), atol=1e-5)
    assert served.uncertain_below == pytest.approx(0.4)


def test_every_output_has_one_row_for_each_face(exported: Path) -> None:
    signature = tf.saved_model.load(str(exported)).signatures[SIGNATURE_NAME]
    outputs = signature(**{INPUT_NAME: tf.zeros((3, 48, 48, 1), tf.uint8)})
    assert {name: value.shape.as_list() for name, value in outputs.items()} == {
        PROBABILITIES: [3, 7],
        FER2013_PROBABILITIES: [3, 7],
        LABELS: [3, 7],
        UNCERTAIN_BELOW: [3],
    }
    assert [[label.decode() for label in row] for row in outputs[LABELS].numpy()] == [list(EMOTIONS)] * 3


def test_every_weight_is_written_once_and_nothing_of_the_optimiser(exported: Path) -> None:
    written = tf.train.list_variables(str(exported / "variables" / "variables"))
    sizes = sorted(int(np.prod(shape)) for _, shape in written if shape)
    assert sizes == sorted(int(np.prod(weight.shape)) for weight in build_network(TINY.network).weights)


def test_kernels_are_written_as_float16(exported: Path) -> None:
    reader: Any = tf.train.load_checkpoint(str(exported / "variables" / "variables"))
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    weights = [name for name in shapes if name.startswith("weights/")]
    assert {(len(shapes[name]) > 1, types[name]) for name in weights} == {(True, tf.float16), (False, tf.float32)}


def test_a_large_set_is_read_in_parts_and_in_order(exported: Path) -> None:
    served = ServedModel(exported)
    images = synthetic_arrays(300)["images"]
    alone = served.read(images[290:291]).probabilities
    np.testing.assert_allclose(served.read(images).probabilities[290:291], alone, atol=1e-5)


def test_the_newest_version_is_the_highest_number(tmp_path: Path) -> None:
    for name in ("2", "10", "11.unfinished", "notes"):
        (tmp_path / name).mkdir()
    assert newest_version(tmp_path) == tmp_path / "10"


def test_a_folder_without_versions_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no numbered version"):
        newest_version(tmp_path)


def test_a_broken_saved_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"cut short")
    with pytest.raises(ModelError, match="cannot be loaded as a SavedModel"):
        ServedModel(tmp_path)


class Stranger(tf.Module):
    """A SavedModel with the right shapes, some of its outputs changed, and its labels in another order."""

    def __init__(self, input_name: str, **outputs: Callable[[tf.Tensor], tf.Tensor]) -> None:
        super().__init__()
        self.outputs = outputs
        spec = tf.TensorSpec((None, 48, 48, 1), tf.uint8, name=input_name)
        self.serve = tf.function(self._serve, input_signature=[spec])

    def _serve(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        n = tf.shape(images)[0]
        uniform = tf.fill([n, 7], 1 / 7)
        return {
            PROBABILITIES: uniform,
            FER2013_PROBABILITIES: uniform,
            LABELS: tf.tile(tf.constant([[emotion.value for emotion in reversed(EMOTIONS)]]), tf.stack([n, 1])),
            UNCERTAIN_BELOW: tf.fill([n], 0.5),
        } | {name: make(n) for name, make in self.outputs.items()}


@pytest.mark.parametrize(
    ("input_name", "said"), [(INPUT_NAME, "has the labels neutral, surprise"), ("pixels", "takes .*pixels")]
)
def test_a_model_with_other_labels_or_inputs_is_refused(tmp_path: Path, input_name: str, said: str) -> None:
    module = Stranger(input_name)
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={SIGNATURE_NAME: module.serve})
    with pytest.raises(ModelError, match=said):
        ServedModel(tmp_path / "1")


def whole_numbers(n: Any) -> Any:
    return tf.zeros([n, 7], tf.int64)


def eight(n: Any) -> Any:
    return tf.fill([n, 8], 1 / 8)


OTHER_FORMS: list[tuple[str, Callable[[Any], Any], str]] = [
    (LABELS, lambda _: tf.constant([emotion.value for emotion in EMOTIONS]), r"'labels': \('object', \(7,\)\)"),
    (LABELS, whole_numbers, r"'labels': \('int64', \(2, 7\)\)"),
    (UNCERTAIN_BELOW, lambda _: tf.constant(0.5), r"'uncertain_below': \('float32', \(\)\)"),
    (PROBABILITIES, eight, r"'probabilities': \('float32', \(2, 8\)\)"),
]


@pytest.mark.parametrize(("name", "make", "said"), OTHER_FORMS)
def test_a_model_whose_outputs_have_another_form_is_refused(
    tmp_path: Path, name: str, make: Callable[[Any], Any], said: str
) -> None:
    module = Stranger(INPUT_NAME, **{name: make})
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={SIGNATURE_NAME: module.serve})
    with pytest.raises(ModelError, match=said):
        ServedModel(tmp_path / "1")


@pytest.mark.parametrize("value", [3.0, float("nan")])
def test_what_are_no_probabilities_are_not_measured(tmp_path: Path, value: float) -> None:
    ordered = tf.constant([[emotion.value for emotion in EMOTIONS]])

    def labels(n: Any) -> Any:
        return tf.tile(ordered, tf.stack([n, 1]))

    def filled(n: Any) -> Any:
        return tf.fill([n, 7], value)

    module = Stranger(INPUT_NAME, **{LABELS: labels, PROBABILITIES: filled})
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={SIGNATURE_NAME: module.serve})
    with pytest.raises(ModelError, match="gives probabilities that are negative, or do not sum to 1"):
        ServedModel(tmp_path / "1").read(synthetic_arrays(3)["images"])


def test_every_warm_up_request_can_be_answered(exported: Path) -> None:
    signature = tf.saved_model.load(str(exported)).signatures[SIGNATURE_NAME]
    messages: Any = prediction_log_pb2  # made at run time: a type checker knows none of them
    answered: list[int] = []
    for record in tf.data.TFRecordDataset([str(exported / WARMUP_FILE)]).as_numpy_iterator():
        request = messages.PredictionLog.FromString(record).predict_log.request
        assert (request.model_spec.name, request.model_spec.signature_name) == (MODEL_NAME, SIGNATURE_NAME)
        faces = tf.constant(tf.make_ndarray(request.inputs[INPUT_NAME]))
        answered.append(len(signature(**{INPUT_NAME: faces})[PROBABILITIES]))
    assert answered == list(WARMUP_BATCHES)


def test_the_litert_form_reads_as_the_saved_model_does(exported: Path, tmp_path: Path) -> None:
    version = shutil.copytree(exported, tmp_path / "1")
    write_litert(version)
    images = synthetic_arrays(35)["images"]
    apart = np.abs(LiteModel(version).read(images) - ServedModel(version).read(images).probabilities)
    assert apart.max() < 0.05


def test_a_version_without_its_litert_form_says_how_to_make_it(exported: Path) -> None:
    with pytest.raises(ModelError, match=r"probabilities\.tflite cannot be read .* python -m training\.litert"):
        LiteModel(exported)


def test_both_forms_are_timed(exported: Path, tmp_path: Path) -> None:
    version = shutil.copytree(exported, tmp_path / "1")
    write_litert(version)
    speeds = {speed.model: speed for speed in measure(version, batch=4, calls=3)}
    assert list(speeds) == ["SavedModel", "LiteRT"]
    assert all(0 < speed.fastest_ms <= speed.median_ms for speed in speeds.values())
    assert {(speed.batch, speed.calls) for speed in speeds.values()} == {(4, 3)}
