"""Certificates, for either end of a connection."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from servicekit.errors import ConfigurationError


@dataclass(frozen=True)
class Tls:
    """Files in PEM format."""

    ca_file: Path | None = None
    """Who may have signed the other end's certificate; None: for a client, whom this machine trusts, and a server asks
    for none."""
    certificate_file: Path | None = None
    """Its own, with `key_file`; a client needs one where the server asks for it."""
    key_file: Path | None = None

    def server_credentials(self) -> grpc.ServerCredentials:
        """What a gRPC server needs that, with `ca_file`, lets in only whom that vouches for.

        Raises:
            ConfigurationError: a file cannot be read.
        """
        ca, key, certificate = map(_read, (self.ca_file, self.key_file, self.certificate_file))
        return grpc.ssl_server_credentials([(key or b"", certificate or b"")], ca, require_client_auth=ca is not None)

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
