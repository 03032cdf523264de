"""What can go wrong in the gateway alone; the rest of the tree is in `servicekit.errors`."""

from typing import ClassVar

from servicekit.errors import EmoVerseError


class IncompatibleAnswerError(EmoVerseError):
    """A service answered with something this version does not understand."""

    default_code: ClassVar[str] = "incompatible_answer"

    def __init__(self, peer: str, reason: object) -> None:
        super().__init__(
            f"{peer[:1].upper()}{peer[1:]} answered with something this gateway does not understand: {reason}",
            "Run the same version of every service.",
        )
