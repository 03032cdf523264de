"""What Spotify can refuse."""

from typing import ClassVar

from servicekit.errors import ConflictError, NotFoundError, OverloadedError, UnavailableError


class SpotifyUnavailableError(UnavailableError):
    """Spotify does not answer, or this gateway knows no app there."""

    default_code: ClassVar[str] = "spotify_unavailable"

    def __init__(self, reason: object) -> None:
        super().__init__(f"Spotify does not answer: {reason}.", "Try again in a minute.")


class SpotifyNotConfiguredError(NotFoundError):
    """The operator has registered no app with Spotify."""

    default_code: ClassVar[str] = "spotify_not_configured"

    def __init__(self) -> None:
        super().__init__(
            "This gateway is not registered with Spotify.", "Open songs by their links, or set SPOTIFY_CLIENT_ID."
        )


class SpotifyNotConnectedError(ConflictError):
    """The person has not connected Spotify, or has taken it back."""

    default_code: ClassVar[str] = "spotify_not_connected"

    def __init__(self) -> None:
        super().__init__("Spotify is not connected.", "Connect it: POST /v1/users/me/spotify.")


class SpotifyNoDeviceError(ConflictError):
    """There is nothing to play on."""

    default_code: ClassVar[str] = "spotify_no_device"

    def __init__(self) -> None:
        super().__init__("No device of yours has Spotify open.", "Open Spotify on one, then try again.")


class SpotifyPremiumRequiredError(ConflictError):
    """Spotify lets only paying people be played to."""

    default_code: ClassVar[str] = "spotify_premium_required"

    def __init__(self) -> None:
        super().__init__("Spotify plays from elsewhere for Premium accounts only.", "Open the song in Spotify instead.")


class SpotifyRefusedError(ConflictError):
    """Spotify understood, and will not."""

    default_code: ClassVar[str] = "spotify_refused"

    def __init__(self, reason: object) -> None:
        super().__init__(f"Spotify refused: {reason}.", "Look at Spotify on your device, then try again.")


class SpotifyNoMatchError(NotFoundError):
    """Spotify has no such song."""

    default_code: ClassVar[str] = "spotify_no_match"

    def __init__(self, title: str) -> None:
        super().__init__(f"Spotify has no song that is surely {title!r}.", "Search for it in Spotify.")


class SpotifyRateLimitedError(OverloadedError):
    """Spotify wants a pause."""

    default_code: ClassVar[str] = "spotify_rate_limited"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Spotify asks for a pause.", f"Wait {retry_after_s:.0f} s.", retry_after_s=retry_after_s)
