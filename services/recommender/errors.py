"""What can go wrong in the recommender alone; the rest of the tree is in `servicekit.errors`."""

from typing import ClassVar

from servicekit.errors import ConflictError, InvalidInputError, NotFoundError, OverloadedError, UnavailableError


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer; nothing that was not committed has been acknowledged."""

    default_code: ClassVar[str] = "database_unavailable"

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"The database does not answer: {reason}.", "Check that it runs and that DATABASE_URL points at it."
        )


class NotMigratedError(UnavailableError):
    """The database answers, but this version's tables are not in it yet."""

    default_code: ClassVar[str] = "database_not_migrated"

    def __init__(self) -> None:
        super().__init__(
            "The database does not have this version's tables yet.", "Run `python -m services.recommender migrate`."
        )


class EmptyCatalogueError(UnavailableError):
    """There is nothing of a kind to choose from."""

    default_code: ClassVar[str] = "catalogue_empty"

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"There is no {kind} in the catalogue.", "Run `python -m services.recommender migrate` to load it."
        )


class UnknownItemError(NotFoundError):
    """The catalogue has no such item."""

    default_code: ClassVar[str] = "unknown_item"

    def __init__(self, item_id: str) -> None:
        super().__init__(f"There is no item {item_id!r}.", "Use an id from a recommendation.")


class UnknownChoiceError(InvalidInputError):
    """A word that must be one of a few is none of them."""

    default_code: ClassVar[str] = "unknown_choice"

    def __init__(self, field: str, value: str, choices: list[str]) -> None:
        super().__init__(f"There is no {field} {value!r}.", f"Choose one of: {', '.join(choices)}.")


class KeyReusedError(ConflictError):
    """An idempotency key came again with something else."""

    default_code: ClassVar[str] = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used before for something else.",
            "Choose a new key for a new request; repeat a key only to repeat the same request.",
        )


class TooManyCallsError(OverloadedError):
    """Every database thread is busy and the waiting room is full."""

    default_code: ClassVar[str] = "recommender_overloaded"

    def __init__(self) -> None:
        super().__init__("The recommender has too many calls waiting.", "Try again in a second.")
