"""Requests against a signature, where our server is stricter than a graph that happens to run."""

import numpy as np
import pytest

from contracts.model import INPUT_NAME
from contracts.tfserving import tfs
from standalone.model_server.errors import ServingError
from standalone.model_server.signature import read_inputs
from standalone.model_server.tensors import to_proto

LIMIT = 1 << 16


def signature(*sizes: int) -> object:
    metadata = tfs.get_model_metadata_pb2.SignatureDefMap()
    images = metadata.signature_def["serving_default"].inputs[INPUT_NAME]
    images.dtype = tfs.types_pb2.DT_UINT8
    for size in sizes:
        images.tensor_shape.dim.add(size=size)
    return metadata.signature_def["serving_default"]


@pytest.mark.parametrize("shape", [(1, 48), (7, 48), (0, 48)])
def test_an_unknown_size_fits_any_size(shape: tuple[int, ...]):
    faces = to_proto(np.zeros(shape, np.uint8))
    assert read_inputs(signature(-1, 48), {INPUT_NAME: faces}, LIMIT)[INPUT_NAME].shape == shape


@pytest.mark.parametrize("shape", [(1, 24), (1, 48, 1), (48,), ()])
def test_a_shape_that_does_not_fit_is_refused_with_both_shapes(shape: tuple[int, ...]):
    faces = to_proto(np.zeros(shape, np.uint8))
    with pytest.raises(ServingError) as caught:
        read_inputs(signature(-1, 48), {INPUT_NAME: faces}, LIMIT)
    assert str(list(shape)) in caught.value.message
    assert "[-1, 48]" in caught.value.message
