"""What the emotion service can be told, from EMOTION_*, TFSERVING_ADDRESS and the shared variables."""

from typing import Annotated, Self

from pydantic import Field, FilePath, PositiveFloat, PositiveInt, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from servicekit.settings import ServiceSettings
from servicekit.tls import Tls


class EmotionSettings(ServiceSettings):
    """The defaults suit two cores and a model server beside this one."""

    model_config = SettingsConfigDict(env_prefix="EMOTION_")

    host: str = "127.0.0.1"
    port: int = Field(default=50051, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where Prometheus fetches /metrics, at the same host; without one nothing is told."""
    tls_certificate: FilePath | None = None
    """PEM; with it and its key only TLS is spoken, to whoever has a good token. Without, as inside (`TLS_CA_FILE`), or
    in plain: then put the service where nobody else can listen."""
    tls_key: FilePath | None = None
    token_secret: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None, validation_alias="TOKEN_SECRET"
    )
    """The gateway's; with it only devices with a token of the gateway get in. Without, everybody does."""
    tfserving_address: str = Field(default="127.0.0.1:8500", validation_alias="TFSERVING_ADDRESS")

    max_streams: PositiveInt = 200
    """Beyond these, a new stream is refused and the accepted ones keep their latency."""
    max_in_flight: int = Field(default=2, ge=1, le=16)
    """Unanswered frames a stream may have: one being read, the others waiting."""
    min_fps: PositiveFloat = 5.0
    """What every accepted stream is to get: a new one is refused where that would need more than the machine has."""
    max_fps: PositiveFloat = 30.0
    """A stream is asked to send fewer frames a second than it likes only where it would get less than this."""
    reconnect_grace_s: float = Field(default=4.0, ge=0)
    """How long a stream that was asked to go on with another worker is still answered here."""
    session_ttl_s: PositiveInt = 3600
    """How long a session, and what is known of a face, outlive the last frame."""
    max_image_bytes: PositiveInt = 8 * 2**20
    max_image_pixels: PositiveInt = 16_000_000

    vision_threads: PositiveInt | None = None
    """Threads that decode pictures and find faces; by default one for each core."""
    max_batch_faces: PositiveInt = 32
    max_batch_wait_s: PositiveFloat = 0.03
    max_waiting_faces: PositiveInt = 512
    model_timeout_s: PositiveFloat = 1.0
    model_poll_s: PositiveFloat = 1.0
    """How often the model server is asked which version it serves; more often only after a failure."""

    mood_ttl_s: PositiveInt = 120
    """How long a person's latest mood outlives their last frame."""
    heartbeat_s: PositiveFloat = 5.0

    @property
    def tls(self) -> Tls | None:
        """With which certificate frames are taken; None: in plain."""
        return Tls(None, self.tls_certificate, self.tls_key) if self.tls_certificate else self.inside

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: set both or none")
        return self
