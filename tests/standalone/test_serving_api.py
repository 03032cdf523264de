"""TensorFlow Serving's API as its clients rely on it: one suite for our server and for the real one.

It runs against our own server by default. To run it against a real TensorFlow Serving, let that serve any model with
the interface of contracts/model.py under the name "emotion" and give its gRPC address:

    docker run -p 8500:8500 -v "$PWD/models/emotion:/models/emotion" -e MODEL_NAME=emotion tensorflow/serving
    TFSERVING_ADDRESS=127.0.0.1:8500 make test
"""

import os
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from contracts.model import FACE_SIZE_PX, INPUT_NAME, LABELS, MODEL_NAME, PROBABILITIES, SIGNATURE_NAME
from contracts.tfserving import tfs
from standalone.model_server.tensors import to_array, to_proto

TIMEOUT_S = 20.0
FACES_SHAPE = (2, FACE_SIZE_PX, FACE_SIZE_PX, 1)
FACES = np.stack([np.full(FACES_SHAPE[1:], level, np.uint8) for level in (0, 200)])


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return os.environ.get("TFSERVING_ADDRESS") or request.getfixturevalue("embedded_address")


@pytest.fixture
async def channel(address: str) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel


@pytest.fixture
def prediction(channel: grpc.aio.Channel) -> Any:
    return tfs.prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def model_service(channel: grpc.aio.Channel) -> Any:
    return tfs.model_service_pb2_grpc.ModelServiceStub(channel)


def tensor(array: Any) -> Any:
    """As most clients send it: the values as they lie in memory."""
    message = to_proto(array[:0])
    message.tensor_shape.CopyFrom(tfs.tensor_shape_pb2.TensorShapeProto())
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    message.tensor_content = array.tobytes()
    return message


def predict_request(faces: Any = FACES, **spec: Any) -> Any:
    request = tfs.predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", MODEL_NAME)
    version = spec.pop("version", None)
    if version is not None:
        request.model_spec.version.value = version
    for field, value in spec.items():
        setattr(request.model_spec, field, value)
    request.inputs[INPUT_NAME].CopyFrom(tensor(faces))
    return request


def output(response: Any, alias: str) -> Any:
    return to_array(response.outputs[alias], 1 << 20)


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details() or ""


async def served_version(model_service: Any) -> int:
    request = tfs.get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = MODEL_NAME
    response = await model_service.GetModelStatus(request, timeout=TIMEOUT_S)
    available = tfs.get_model_status_pb2.ModelVersionStatus.AVAILABLE
    return next(each.version for each in response.model_version_status if each.state == available)


async def test_every_face_gets_probabilities_in_the_order_of_the_labels(prediction: Any):
    response = await prediction.Predict(predict_request(), timeout=TIMEOUT_S)
    probabilities = output(response, PROBABILITIES)
    assert probabilities.shape == (2, len(EMOTIONS))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert [[label.decode() for label in row] for row in output(response, LABELS)] == [list(EMOTIONS)] * 2


async def test_the_answer_says_which_version_and_signature_gave_it(prediction: Any, model_service: Any):
    response = await prediction.Predict(predict_request(), timeout=TIMEOUT_S)
    assert response.model_spec.name == MODEL_NAME
    assert response.model_spec.version.value == await served_version(model_service)
    assert response.model_spec.signature_name == SIGNATURE_NAME


async def test_values_in_the_repeated_field_mean_the_same_as_content(prediction: Any):
    request = predict_request()
    request.inputs[INPUT_NAME].CopyFrom(to_proto(FACES))
    answers = [await prediction.Predict(each, timeout=TIMEOUT_S) for each in (request, predict_request())]
    np.testing.assert_array_equal(*(output(answer, PROBABILITIES) for answer in answers))


async def test_one_value_for_a_whole_tensor_fills_it(prediction: Any):
    request = predict_request()
    request.inputs[INPUT_NAME].ClearField("tensor_content")
    request.inputs[INPUT_NAME].int_val.append(200)
    answer = await prediction.Predict(request, timeout=TIMEOUT_S)
    plain = await prediction.Predict(predict_request(np.full(FACES_SHAPE, 200, np.uint8)), timeout=TIMEOUT_S)
    np.testing.assert_array_equal(output(answer, PROBABILITIES), output(plain, PROBABILITIES))


async def test_an_output_filter_leaves_the_rest_out(prediction: Any):
    request = predict_request()
    request.output_filter.append(LABELS)
    response = await prediction.Predict(request, timeout=TIMEOUT_S)
    assert set(response.outputs) == {LABELS}


async def test_the_version_can_be_asked_for_by_number(prediction: Any, model_service: Any):
    version = await served_version(model_service)
    response = await prediction.Predict(predict_request(version=version), timeout=TIMEOUT_S)
    assert response.model_spec.version.value == version


@pytest.mark.parametrize(
    ("spec", "status", "message"),
    [
        ({"name": "nobody"}, grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(nobody)"),
        ({"version": 987}, grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Specific({MODEL_NAME}, 987)"),
        ({"name": ""}, grpc.StatusCode.INVALID_ARGUMENT, "ModelSpec has no name specified."),
        ({"version_label": "x"}, grpc.StatusCode.INVALID_ARGUMENT, "Unrecognized servable version label: x"),
        ({"signature_name": "x"}, grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "x" not found.'),
    ],
)
async def test_a_model_spec_that_names_nothing_is_refused(
    prediction: Any, spec: dict[str, Any], status: grpc.StatusCode, message: str
):
    assert await refusal(prediction.Predict(predict_request(**spec), timeout=TIMEOUT_S)) == (status, message)


async def test_a_request_without_a_model_spec_is_refused(prediction: Any):
    request = predict_request()
    request.ClearField("model_spec")
    assert await refusal(prediction.Predict(request, timeout=TIMEOUT_S)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Missing ModelSpec",
    )


def missing_input(request: Any) -> None:
    request.ClearField("inputs")


def extra_input(request: Any) -> None:
    request.inputs["more"].CopyFrom(tensor(FACES))


def misnamed_input(request: Any) -> None:
    request.ClearField("inputs")
    request.inputs["pictures"].CopyFrom(tensor(FACES))


def other_dtype(request: Any) -> None:
    request.inputs[INPUT_NAME].CopyFrom(tensor(FACES.astype(np.float32)))


def other_rank(request: Any) -> None:
    request.inputs[INPUT_NAME].CopyFrom(tensor(FACES[..., 0]))


def truncated_content(request: Any) -> None:
    request.inputs[INPUT_NAME].tensor_content = b"short"


def unknown_dtype(request: Any) -> None:
    request.inputs[INPUT_NAME].dtype = tfs.types_pb2.DT_INVALID


def unknown_size(request: Any) -> None:
    request.inputs[INPUT_NAME].tensor_shape.dim[0].size = -1


def unknown_output(request: Any) -> None:
    request.output_filter.append("happiness")


def output_twice(request: Any) -> None:
    request.output_filter.extend([LABELS, LABELS])


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (missing_input, INPUT_NAME),
        (extra_input, "more"),
        (misnamed_input, "pictures"),
        (other_dtype, "uint8"),
        (other_rank, ""),
        (truncated_content, INPUT_NAME),
        (unknown_dtype, INPUT_NAME),
        (unknown_size, INPUT_NAME),
        (unknown_output, "happiness"),
        (output_twice, LABELS),
    ],
)
async def test_what_does_not_fit_the_signature_is_an_invalid_argument(prediction: Any, spoil: Any, named: str):
    request = predict_request()
    spoil(request)
    code, details = await refusal(prediction.Predict(request, timeout=TIMEOUT_S))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert named in details


def metadata_request(name: str = MODEL_NAME, fields: tuple[str, ...] = ("signature_def",)) -> Any:
    request = tfs.get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name
    return request


async def test_the_metadata_describes_the_signature(prediction: Any, model_service: Any):
    response = await prediction.GetModelMetadata(metadata_request(), timeout=TIMEOUT_S)
    signatures = tfs.get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    images = signatures.signature_def[SIGNATURE_NAME].inputs[INPUT_NAME]
    assert images.dtype == tfs.types_pb2.DT_UINT8
    assert [dim.size for dim in images.tensor_shape.dim] == [-1, FACE_SIZE_PX, FACE_SIZE_PX, 1]
    assert response.model_spec.name == MODEL_NAME
    assert response.model_spec.version.value == await served_version(model_service)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (metadata_request(fields=()), grpc.StatusCode.INVALID_ARGUMENT),
        (metadata_request(fields=("weights",)), grpc.StatusCode.INVALID_ARGUMENT),
        (metadata_request(name="nobody"), grpc.StatusCode.NOT_FOUND),
        (metadata_request(name=""), grpc.StatusCode.INVALID_ARGUMENT),
        (tfs.get_model_metadata_pb2.GetModelMetadataRequest(), grpc.StatusCode.INVALID_ARGUMENT),
    ],
    ids=["no field", "unknown field", "unknown model", "no name", "no model spec"],
)
async def test_metadata_that_does_not_exist_is_refused(prediction: Any, request_: Any, status: grpc.StatusCode):
    code, details = await refusal(prediction.GetModelMetadata(request_, timeout=TIMEOUT_S))
    assert code == status
    assert details


def status_request(name: str = MODEL_NAME, version: int | None = None) -> Any:
    request = tfs.get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


async def test_the_status_of_one_version_can_be_asked_for(model_service: Any):
    version = await served_version(model_service)
    response = await model_service.GetModelStatus(status_request(version=version), timeout=TIMEOUT_S)
    (status,) = response.model_version_status
    assert (status.version, status.status.error_code) == (version, 0)


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (status_request("nobody"), grpc.StatusCode.NOT_FOUND, "Could not find any versions of model nobody"),
        (
            status_request(version=987),
            grpc.StatusCode.NOT_FOUND,
            f"Could not find version 987 of model {MODEL_NAME}",
        ),
        (
            tfs.get_model_status_pb2.GetModelStatusRequest(),
            grpc.StatusCode.INVALID_ARGUMENT,
            "Missing ModelSpec",
        ),
    ],
    ids=["unknown model", "unknown version", "no model spec"],
)
async def test_the_status_of_what_does_not_exist_is_refused(
    model_service: Any, request_: Any, status: grpc.StatusCode, message: str
):
    assert await refusal(model_service.GetModelStatus(request_, timeout=TIMEOUT_S)) == (status, message)


async def test_callers_at_the_same_time_get_their_own_answers(prediction: Any):
    levels = range(0, 250, 10)
    calls = [
        prediction.Predict(predict_request(np.full(FACES_SHAPE, level, np.uint8)), timeout=TIMEOUT_S)
        for level in levels
    ]
    together = [output(await call, PROBABILITIES) for call in calls]
    for level, answer in zip(levels, together, strict=True):
        alone = await prediction.Predict(predict_request(np.full(FACES_SHAPE, level, np.uint8)), timeout=TIMEOUT_S)
        np.testing.assert_allclose(answer, output(alone, PROBABILITIES), atol=1e-6)
