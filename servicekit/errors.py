"""The error tree, grouped by what the caller can do about it.

EmoVerseError
├── InvalidInputError        change the request
│   ├── NotFoundError        ask for something that exists
│   ├── TooLargeError        send less
│   ├── UnauthenticatedError show who you are
│   └── ForbiddenError       ask for what is yours
├── ConflictError            the state forbids it: look at the state first
├── OverloadedError          slow down and try again
├── UnavailableError         try again later, something we depend on is not there
└── ConfigurationError       the operator must change a setting or the machine
"""

from typing import Any, ClassVar


class EmoVerseError(Exception):
    """Something went wrong that the caller or the operator can act on.

    Args:
        message: what was wrong.
        advice: what to do about it.
        code: stable and machine-readable, snake_case; by default the class's own.
    """

    default_code: ClassVar[str] = "internal"

    def __init__(self, message: str, advice: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"

    def __reduce__(self) -> Any:
        # Subclasses take other arguments than an exception remembers: between processes, what was made of them travels.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[EmoVerseError], args: tuple[Any, ...], fields: dict[str, Any]) -> EmoVerseError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class InvalidInputError(EmoVerseError):
    """The request itself is wrong."""

    default_code = "invalid_input"


class NotFoundError(InvalidInputError):
    """The request names something that does not exist."""

    default_code = "not_found"


class TooLargeError(InvalidInputError):
    """The request is larger than what is taken."""

    default_code = "too_large"


class UnauthenticatedError(InvalidInputError):
    """The request does not show who the caller is."""

    default_code = "unauthenticated"


class ForbiddenError(InvalidInputError):
    """What the request names is not the caller's."""

    default_code = "forbidden"


class ConflictError(EmoVerseError):
    """The request is well formed, but the present state forbids it."""

    default_code = "conflict"


class OverloadedError(EmoVerseError):
    """There is no capacity left; what was already accepted goes on.

    Args:
        retry_after_s: how long to wait before another try; None: the caller's usual backoff.
    """

    default_code = "overloaded"

    def __init__(self, message: str, advice: str, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, advice, code)
        self.retry_after_s = retry_after_s


class UnavailableError(EmoVerseError):
    """Something this service depends on does not answer."""

    default_code = "unavailable"


class ConfigurationError(EmoVerseError):
    """A setting, a file or the machine keeps this service from working."""

    default_code = "configuration"
