"""What can be wrong with who somebody says they are, or with what they want to do as such."""

from typing import ClassVar

from servicekit.errors import ConflictError, ForbiddenError, OverloadedError, UnauthenticatedError


class SessionMissingError(UnauthenticatedError):
    """Nobody knows who is asking."""

    default_code: ClassVar[str] = "session_missing"

    def __init__(self) -> None:
        super().__init__("This needs a session.", "Begin as a guest with POST /v1/guests, or sign in.")


class WrongCredentialsError(UnauthenticatedError):
    """The name and the password do not belong together."""

    default_code: ClassVar[str] = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("There is no account with this name and this password.", "Check both and try again.")


class NotYoursError(ForbiddenError):
    """What is asked for is somebody else's."""

    def __init__(self) -> None:
        super().__init__("This is not yours.", "Ask for your own, under /v1/users/me.")


class ConsentMissingError(ForbiddenError):
    """Somebody who has not agreed sends pictures."""

    default_code: ClassVar[str] = "consent_missing"

    def __init__(self) -> None:
        super().__init__(
            "No picture is looked at before you agree to it.", "Read what GET /v1/settings says, then PUT the consent."
        )


class ConsentOutdatedError(ConflictError):
    """They agreed to something that is no longer what is done."""

    default_code: ClassVar[str] = "consent_outdated"

    def __init__(self, version: int, current: int) -> None:
        super().__init__(
            f"Version {version} of the consent is not the current one, {current}.", "Read it again: GET /v1/settings."
        )


class KeyReusedError(ConflictError):
    """An idempotency key came again with something else."""

    default_code: ClassVar[str] = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used before for something else.",
            "Choose a new key for a new request; repeat a key only to repeat the same request.",
        )


class NameTakenError(ConflictError):
    """Another account has the name."""

    default_code: ClassVar[str] = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"The name {name} is taken.", "Choose another one, or sign in.")


class AlreadyMemberError(ConflictError):
    """The account has a name and a password already."""

    default_code: ClassVar[str] = "already_member"

    def __init__(self) -> None:
        super().__init__("This account has a name and a password already.", "Change the password instead.")


class TooManyDevicesError(ConflictError):
    """The account has as many devices as it may have."""

    default_code: ClassVar[str] = "too_many_devices"

    def __init__(self, most: int) -> None:
        super().__init__(f"An account has at most {most} devices.", "Remove one that is not used any more.")


class TooManyAttemptsError(OverloadedError):
    """Somebody tries too often."""

    default_code: ClassVar[str] = "too_many_attempts"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many attempts.", f"Wait {retry_after_s:.0f} s.", retry_after_s=retry_after_s)
