"""Tensors on the wire and in memory."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contracts.tfserving import tfs
from standalone.model_server.runtime import Array
from standalone.model_server.tensors import to_array, to_proto

LIMIT = 1 << 16

numbers = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
)


@given(hnp.arrays(numbers, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_numbers_survive_the_repeated_field_and_the_content(array: Array):
    message = to_proto(array)
    np.testing.assert_array_equal(to_array(message, LIMIT), array)
    message.tensor_content = array.tobytes()
    np.testing.assert_array_equal(to_array(message, LIMIT), array)


def test_strings_are_bytes():
    labels = np.array([[b"angry", b"disgust"]], object)
    message = to_proto(labels)
    assert message.dtype == tfs.types_pb2.DT_STRING
    np.testing.assert_array_equal(to_array(message, LIMIT), labels)


def proto(dtype: int, *dims: int) -> Any:
    message = tfs.tensor_pb2.TensorProto(dtype=dtype)
    for size in dims:
        message.tensor_shape.dim.add(size=size)
    return message


def test_too_few_values_are_continued_with_the_last_and_none_means_zeros():
    message = proto(tfs.types_pb2.DT_UINT8, 2, 2)
    np.testing.assert_array_equal(to_array(message, LIMIT), [[0, 0], [0, 0]])
    message.int_val.extend([1, 7])
    np.testing.assert_array_equal(to_array(message, LIMIT), [[1, 7], [7, 7]])
    message.int_val.extend([8, 9, 10])
    np.testing.assert_array_equal(to_array(message, LIMIT), [[1, 7], [8, 9]])


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (proto(tfs.types_pb2.DT_INVALID, 1), "dtype 0 is not supported"),
        (proto(tfs.types_pb2.DT_UINT8, -1), "not fully known"),
        (proto(tfs.types_pb2.DT_UINT8, 1 << 40, 1 << 40), "larger than"),
        (proto(tfs.types_pb2.DT_DOUBLE, LIMIT // 8 + 1), "larger than"),
    ],
    ids=["dtype", "negative size", "overflowing size", "size"],
)
def test_what_cannot_be_held_is_refused_before_it_is_allocated(message: Any, reason: str):
    with pytest.raises(ValueError, match=reason):
        to_array(message, LIMIT)


def test_a_number_beyond_its_dtype_is_refused():
    message = proto(tfs.types_pb2.DT_UINT8, 1)
    message.int_val.append(300)
    with pytest.raises(OverflowError):
        to_array(message, LIMIT)
