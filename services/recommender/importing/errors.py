"""Why a file cannot be imported at all. What is wrong with one row goes to the rejects file instead."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from servicekit.errors import ConfigurationError, InvalidInputError


class UnreadableFileError(InvalidInputError):
    """The file is not there, may not be read, or is no text."""

    default_code: ClassVar[str] = "file_unreadable"

    def __init__(
        self, path: object, reason: object, advice: str = "Check the path and that the file is a CSV."
    ) -> None:
        super().__init__(f"{path} cannot be read: {reason}.", advice)


class UnknownFormatError(InvalidInputError):
    """There is no format of that name for the kind."""

    default_code: ClassVar[str] = "unknown_format"

    def __init__(self, name: str, kind: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no format {name!r} for {kind}.", f"Choose one of: {', '.join(known)}.")


class MissingColumnsError(InvalidInputError):
    """The header lacks columns that the format, or every format of the kind, needs."""

    default_code: ClassVar[str] = "columns_missing"

    def __init__(self, header: Sequence[str], expected: Iterable[tuple[str, Sequence[str]]]) -> None:
        found = ", ".join(header)[:500]
        wanted = "; ".join(f"{name}: {', '.join(columns)}" for name, columns in expected)
        super().__init__(f"The header names the columns {found or 'none'}.", f"Expected, by format: {wanted}.")


class UnwritableRejectsError(ConfigurationError):
    """The rows that cannot be imported cannot be written down either, so the import stops."""

    default_code: ClassVar[str] = "rejects_unwritable"

    def __init__(self, path: object, reason: object) -> None:
        super().__init__(
            f"The rejected rows cannot be written to {path}: {reason}.",
            "Name another file with --rejects, or another folder with RECOMMENDER_REJECTS_FOLDER.",
        )
