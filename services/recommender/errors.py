"""What can go wrong in the recommender alone; the rest of the tree is in `servicekit.errors`."""

from collections.abc import Iterable
from typing import ClassVar

from servicekit.errors import ConflictError, EmoVerseError, InvalidInputError, NotFoundError, UnavailableError


class EmptyCatalogueError(UnavailableError):
    """There is nothing of a kind to choose from."""

    default_code: ClassVar[str] = "catalogue_empty"

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"There is no {kind} in the catalogue.", "Run `python -m services.recommender migrate` to load it."
        )


class NotClusteredError(NotFoundError):
    """Items of a kind are not clustered."""

    default_code: ClassVar[str] = "not_clustered"

    def __init__(self, kind: str, clustered: Iterable[str]) -> None:
        super().__init__(
            f"There are no clusters of {kind}: they are found by sound.", f"Ask for {', '.join(clustered)}."
        )


class UnknownItemError(NotFoundError):
    """The catalogue has no such item."""

    default_code: ClassVar[str] = "unknown_item"

    def __init__(self, item_id: str) -> None:
        super().__init__(f"There is no item {item_id!r}.", "Use an id from a recommendation.")


class UnknownFeatureError(NotFoundError):
    """No item of the catalogue has such a feature."""

    default_code: ClassVar[str] = "unknown_feature"

    def __init__(self, group: str, value: str) -> None:
        super().__init__(f"No item has the {group} {value!r}.", "Use a group and a value of what is believed.")


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


class WorkerLostTooOftenError(EmoVerseError):
    """A task is given up, because its workers die of it."""

    default_code: ClassVar[str] = "worker_lost_too_often"

    def __init__(self, task: str, lost: int) -> None:
        super().__init__(
            f"{task} has lost its worker {lost} times and is not tried again.",
            "Look for workers that were killed, for example for their memory, and send the task again.",
        )
