"""Certificates, for either end of a connection."""

import ssl
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
            ConfigurationError: a file cannot be read or is not what it should be, or a certificate has no key.
        """
        ca, key, certificate = self._files()
        return grpc.ssl_server_credentials([(key or b"", certificate or b"")], ca, require_client_auth=ca is not None)

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC needs.

        Raises:
            ConfigurationError: as above.
        """
        return grpc.ssl_channel_credentials(*self._files())

    def _files(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Authority, key and certificate, looked at before gRPC: that blames the port, the other end, or aborts."""
        files = _read(self.ca_file), _read(self.key_file), _read(self.certificate_file)
        if (self.certificate_file is None) != (self.key_file is None):
            raise _unusable(f"{self.certificate_file or self.key_file} is half of a certificate and its key.")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
        except ssl.SSLError as error:
            raise _unusable(f"{self.ca_file} holds no certificate.") from error
        try:
            if self.certificate_file:
                # Without a password one that is locked would be asked for at the terminal.
                context.load_cert_chain(self.certificate_file, self.key_file, password="")
        except ssl.SSLError as error:
            raise _unusable(f"{self.certificate_file} and {self.key_file} are no certificate and its key.") from error
        return files


def _unusable(message: str) -> ConfigurationError:
    advice = "Name PEM files that go together, the key without a password."
    return ConfigurationError(message, advice, code="tls_file_unusable")


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", "Name a PEM file that exists.", code="tls_file_unreadable"
        ) from error
