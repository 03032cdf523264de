"""What an operator can tell the gateway."""

import secrets
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, FilePath, PositiveInt, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.events import Identifier
from servicekit.database import DatabaseUrl
from servicekit.loopback import is_loopback
from servicekit.settings import ServiceSettings
from services.gateway.pages import DIST

MIN_SECRET: Final = 32
"""Characters; HMAC-SHA-256 wants a key of 32 bytes at least (RFC 7518, section 3.2)."""

Secret = Annotated[SecretStr, Field(min_length=MIN_SECRET)]


def _new_secret() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(MIN_SECRET))


class GatewaySettings(ServiceSettings):
    """Where the gateway listens and whom it asks."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes a free port."""
    tls_certificate: FilePath | None = None
    """PEM; with it and its key only HTTPS is spoken. Without, put a proxy that speaks it in front."""
    tls_key: FilePath | None = None
    recommender_address: str = Field(default="127.0.0.1:50052", validation_alias="RECOMMENDER_ADDRESS")
    emotion_address: str = Field(default="127.0.0.1:50051", validation_alias="EMOTION_ADDRESS")
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where Prometheus fetches /metrics, at the same host; without one nothing is told."""
    web_dir: Path = DIST
    """The built web app."""

    database_url: DatabaseUrl = "sqlite:///.run/gateway.db"
    """Where the accounts are; it may be the recommender's database."""
    database_threads: PositiveInt = 4
    max_waiting_calls: PositiveInt = 256
    """Database calls running or waiting for a thread; beyond these a call is refused."""
    secret: Secret = Field(default_factory=_new_secret)
    """Signs sessions. Without one, sessions end with this process; several replicas need the same."""
    token_secret: Secret = Field(default_factory=_new_secret, validation_alias="TOKEN_SECRET")
    """Signs the tokens of devices; the emotion service checks them with the same."""
    guest_days: PositiveInt = 30
    """A guest who does not come for so long is forgotten, with everything they said."""
    open: bool = False
    """Anybody on this machine may act for names that are no account's; for a gateway on the loopback address only."""
    demo_user: Identifier | None = None
    """A drawn person whom anybody may watch."""
    public_url: str = "http://127.0.0.1:8000"
    """Where browsers reach the gateway; Spotify sends them back to `/v1/spotify/callback` under it."""
    spotify_client_id: str | None = Field(default=None, validation_alias="SPOTIFY_CLIENT_ID")
    """Of the app that the operator has registered at developer.spotify.com; it needs no secret (PKCE)."""
    spotify_accounts_url: str = Field(default="https://accounts.spotify.com", validation_alias="SPOTIFY_ACCOUNTS_URL")
    spotify_api_url: str = Field(default="https://api.spotify.com/v1", validation_alias="SPOTIFY_API_URL")
    trusted_proxies: str = "127.0.0.1"
    """Whose X-Forwarded-For and -Proto are believed: addresses and networks, separated by commas."""

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY go together: set both or none")
        return self

    @model_validator(mode="after")
    def _open_to_this_machine_only(self) -> Self:
        if self.open and not is_loopback(self.host):
            raise ValueError("GATEWAY_OPEN needs a GATEWAY_HOST that only this machine reaches, e.g. 127.0.0.1")
        return self
