"""Opens the player with the gateway's settings."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from servicekit.database import Database, Offloader
from services.gateway.accounts.accounts import Clock
from services.gateway.settings import GatewaySettings
from services.gateway.spotify.errors import SpotifyNotConfiguredError
from services.gateway.spotify.player import App, Player
from services.gateway.spotify.vault import Vault

THREADS: Final = 4
MAX_CALLS: Final = 64
"""Calls running or waiting for a thread; they must not hold up those to the database."""


class SpotifyThreads:
    """The player and the threads it blocks."""

    def __init__(self, player: Player | None, offload: Offloader) -> None:
        self._player = player
        self.offload = offload

    @property
    def is_configured(self) -> bool:
        """Whether there is one."""
        return self._player is not None

    @property
    def player(self) -> Player:
        """The player.

        Raises:
            SpotifyNotConfiguredError: there is none.
        """
        if self._player is None:
            raise SpotifyNotConfiguredError
        return self._player


@contextmanager
def opened_spotify(settings: GatewaySettings, database: Database, clock: Clock) -> Generator[SpotifyThreads]:
    """The player, while open. Nobody is asked yet."""
    offload = Offloader(THREADS, MAX_CALLS)
    player = None
    if settings.spotify_client_id:
        app = App(
            settings.spotify_client_id,
            f"{settings.public_url.rstrip('/')}/v1/spotify/callback",
            settings.spotify_accounts_url,
            settings.spotify_api_url,
        )
        player = Player(app, Vault(database, settings.secret.get_secret_value(), clock), clock)
    try:
        yield SpotifyThreads(player, offload)
    finally:
        offload.close()
        if player:
            player.close()
