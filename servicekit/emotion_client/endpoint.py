"""Where the emotion service is, and how to show it who calls."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

from servicekit.errors import ConfigurationError

# Every connection is one of its own: a new one may reach another worker, and no other's failures hold it up.
_OPTIONS: Final = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))


@dataclass(frozen=True)
class Tls:
    """Files in PEM format."""

    ca_file: Path | None = None
    """Who may have signed the server's certificate; None: whom this machine trusts."""
    certificate_file: Path | None = None
    """The client's own, where the server asks for one, with `key_file`."""
    key_file: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC needs.

        Raises:
            ConfigurationError: a file cannot be read.
        """
        ca, key, certificate = map(_read, (self.ca_file, self.key_file, self.certificate_file))
        return grpc.ssl_channel_credentials(ca, key, certificate)


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", "Name a PEM file that exists.", code="tls_file_unreadable"
        ) from error


@dataclass(frozen=True)
class Endpoint:
    """An emotion service."""

    address: str
    """HOST:PORT."""
    token: str = field(default="", repr=False)
    """Shown with every call; empty: none."""
    tls: Tls | None = None
    """None: the line is not encrypted."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What accompanies every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def open_channel(self) -> grpc.aio.Channel:
        """A new connection.

        Raises:
            ConfigurationError: see `Tls.credentials`.
        """
        if self.tls is None:
            return grpc.aio.insecure_channel(self.address, options=_OPTIONS)
        return grpc.aio.secure_channel(self.address, self.tls.credentials(), options=_OPTIONS)
