"""How a request, or a model, fails: a canonical status code and a message, as TensorFlow Serving gives them."""

from google.rpc import code_pb2


class ServingError(Exception):
    """A call or a load that failed.

    Args:
        code: a canonical status code, `google.rpc.code_pb2.Code`; TensorFlow and gRPC number them alike.
        message: what was wrong.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_argument(message: str) -> ServingError:
    """The request is malformed or does not fit the model."""
    return ServingError(code_pb2.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """There is no such model or version."""
    return ServingError(code_pb2.NOT_FOUND, message)
