"""What the capture client can be told by CAPTURE_* and the shared variables."""

from pathlib import Path
from typing import Final, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from servicekit.emotion_client.endpoint import Endpoint
from servicekit.errors import ConfigurationError
from servicekit.settings import ServiceSettings
from servicekit.tls import Tls

_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "[::1]")


class CaptureSettings(ServiceSettings):
    """Secrets and files; everything else is an option of the command."""

    model_config = SettingsConfigDict(env_prefix="CAPTURE_")

    token: SecretStr = SecretStr("")
    """Shown to the server, which asks for it where it serves more than one household."""
    tls: bool = False
    """Encrypt the line, and check who answers."""
    ca_file: Path | None = None
    """PEM: who may have signed the server's certificate; by default whom this machine trusts."""
    certificate_file: Path | None = None
    """PEM: this client's own, where the server asks for one, with `key_file`."""
    key_file: Path | None = None

    def endpoint(self, address: str) -> Endpoint:
        """The server at HOST:PORT.

        Raises:
            ConfigurationError: a token would travel unencrypted to another machine.
        """
        token = self.token.get_secret_value()
        if token and not self.tls and address.rpartition(":")[0] not in _THIS_MACHINE:
            raise ConfigurationError(
                f"The token would travel to {address} for everybody on the way to read.",
                "Set CAPTURE_TLS=true, and CAPTURE_CA_FILE where the certificate is your own.",
                code="token_unencrypted",
            )
        return Endpoint(address, token, Tls(self.ca_file, self.certificate_file, self.key_file) if self.tls else None)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("CAPTURE_CERTIFICATE_FILE and CAPTURE_KEY_FILE go together: set both or none")
        return self
