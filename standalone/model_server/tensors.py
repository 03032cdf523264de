"""`tensorflow.TensorProto` messages as NumPy arrays and back."""

from typing import Any, Final

import numpy as np

from contracts.tfserving import tfs
from standalone.model_server.runtime import Array

# dtype on the wire -> dtype in memory, and the field that holds its values where `tensor_content` does not.
_DTYPES: Final[dict[int, tuple[type[np.generic], str]]] = {
    tfs.types_pb2.DT_FLOAT: (np.float32, "float_val"),
    tfs.types_pb2.DT_DOUBLE: (np.float64, "double_val"),
    tfs.types_pb2.DT_HALF: (np.float16, "half_val"),
    tfs.types_pb2.DT_INT8: (np.int8, "int_val"),
    tfs.types_pb2.DT_INT16: (np.int16, "int_val"),
    tfs.types_pb2.DT_INT32: (np.int32, "int_val"),
    tfs.types_pb2.DT_INT64: (np.int64, "int64_val"),
    tfs.types_pb2.DT_UINT8: (np.uint8, "int_val"),
    tfs.types_pb2.DT_UINT16: (np.uint16, "int_val"),
    tfs.types_pb2.DT_UINT32: (np.uint32, "uint32_val"),
    tfs.types_pb2.DT_UINT64: (np.uint64, "uint64_val"),
    tfs.types_pb2.DT_BOOL: (np.bool_, "bool_val"),
    tfs.types_pb2.DT_STRING: (np.object_, "string_val"),
}
_WIRE_TYPES: Final = {np.dtype(dtype): wire for wire, (dtype, _) in _DTYPES.items()}


def dtype_name(wire_type: int) -> str:
    """The dtype as TensorFlow prints it: 1 is "float", 4 is "uint8"."""
    return tfs.types_pb2.DataType.Name(wire_type).removeprefix("DT_").lower()


def to_array(tensor: Any, max_bytes: int) -> Array:
    """The values of a `TensorProto`; strings come as an array of bytes objects.

    As in TensorFlow, too few repeated values are continued with the last of them, and none at all means zeros.

    Raises:
        ValueError: the dtype is not supported, the shape is not fully known or larger than `max_bytes`, or the content
            does not fill the shape.
    """
    if tensor.dtype not in _DTYPES:
        raise ValueError(f"dtype {tensor.dtype} is not supported")
    dtype, field = _DTYPES[tensor.dtype]
    shape = _known_shape(tensor.tensor_shape)
    count = int(np.prod(shape, dtype=object))
    if count * np.dtype(dtype).itemsize > max_bytes:
        raise ValueError(f"shape {shape} is larger than {max_bytes} bytes")
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    return _fill(list(getattr(tensor, field)[:count]), np.dtype(dtype), count).reshape(shape)


def _known_shape(shape: Any) -> tuple[int, ...]:
    dims = tuple(dim.size for dim in shape.dim)
    if shape.unknown_rank or any(size < 0 for size in dims):
        raise ValueError("the shape is not fully known")
    return dims


def _fill(values: list[Any], dtype: np.dtype[Any], count: int) -> Array:
    last = values[-1] if values else (b"" if dtype.hasobject else 0)
    if dtype == np.float16:
        # The field carries the bits of each number, not the number.
        return np.array(values + [last] * (count - len(values)), np.uint16).view(np.float16)
    filled = np.full(count, last, dtype)
    filled[: len(values)] = values
    return filled


def to_proto(array: Array) -> Any:
    """A `TensorProto` with its values in the dtype's own repeated field, as TensorFlow Serving answers.

    Raises:
        ValueError: the dtype is not supported.
    """
    if array.dtype not in _WIRE_TYPES:
        raise ValueError(f"dtype {array.dtype} is not supported")
    wire_type = _WIRE_TYPES[array.dtype]
    dims = [tfs.tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in array.shape]
    tensor = tfs.tensor_pb2.TensorProto(dtype=wire_type, tensor_shape=tfs.tensor_shape_pb2.TensorShapeProto(dim=dims))
    flat = array.view(np.uint16) if array.dtype == np.float16 else array
    getattr(tensor, _DTYPES[wire_type][1]).extend(flat.ravel().tolist())
    return tensor
