"""Checks a request against the signature it names, before any runtime sees it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.rpc import code_pb2

from standalone.model_server.errors import ServingError, invalid_argument
from standalone.model_server.runtime import Array, SignatureDef
from standalone.model_server.tensors import dtype_name, to_array

DEFAULT_SIGNATURE: Final = "serving_default"


def find_signature(signatures: Mapping[str, SignatureDef], name: str) -> tuple[str, SignatureDef]:
    """The signature of that name, or the default one where the name is empty, with its name.

    Raises:
        ServingError: FAILED_PRECONDITION, there is none.
    """
    name = name or DEFAULT_SIGNATURE
    if name not in signatures:
        raise ServingError(code_pb2.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    return name, signatures[name]


def read_inputs(signature: SignatureDef, tensors: Mapping[str, Any], max_bytes: int) -> dict[str, Array]:
    """Every input of the signature, checked.

    Args:
        signature: what the model expects.
        tensors: `TensorProto` messages by alias.
        max_bytes: the largest tensor.

    Raises:
        ServingError: INVALID_ARGUMENT, an input is missing, unknown, malformed, or of another dtype or shape.
    """
    _check_aliases(set(signature.inputs), set(tensors))
    arrays: dict[str, Array] = {}
    for position, (alias, expected) in enumerate(sorted(signature.inputs.items())):
        tensor = tensors[alias]
        try:
            arrays[alias] = to_array(tensor, max_bytes)
        except (ValueError, TypeError, OverflowError) as error:
            raise invalid_argument(f"tensor parsing error: {alias}: {error}") from error
        if tensor.dtype != expected.dtype:
            wanted, given = dtype_name(expected.dtype), dtype_name(tensor.dtype)
            raise invalid_argument(f"Expects arg[{position}] to be {wanted} but {given} is provided")
        if not _fits(arrays[alias].shape, expected.tensor_shape):
            sizes = [dim.size for dim in expected.tensor_shape.dim]
            raise invalid_argument(f"{alias} has shape {list(arrays[alias].shape)}, but the signature needs {sizes}")
    return arrays


def _check_aliases(expected: set[str], given: set[str]) -> None:
    if given == expected:
        return
    extra, missing = ",".join(sorted(given - expected)), ",".join(sorted(expected - given))
    raise invalid_argument(
        f"input size does not match signature: {len(given)}!={len(expected)}. "
        f"Sent extra: {{{extra}}}. Missing but required: {{{missing}}}."
    )


def _fits(shape: tuple[int, ...], expected: Any) -> bool:
    if expected.unknown_rank:
        return True
    sizes = [dim.size for dim in expected.dim]
    return len(shape) == len(sizes) and all(size in (-1, got) for got, size in zip(shape, sizes, strict=True))


def choose_outputs(signature: SignatureDef, output_filter: Sequence[str]) -> list[str]:
    """The aliases of the outputs to compute: those of the filter, or all where it is empty.

    Raises:
        ServingError: INVALID_ARGUMENT, the filter names an unknown output, or one twice.
    """
    for alias in output_filter:
        if alias not in signature.outputs:
            known = ",".join(sorted(signature.outputs))
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set {{{known}}}."
            )
        if list(output_filter).count(alias) > 1:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    return list(output_filter) or sorted(signature.outputs)
