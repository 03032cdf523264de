"""Certificates made for one test."""

import ssl
from pathlib import Path
from typing import NamedTuple

import trustme


class Pair(NamedTuple):
    """Files in PEM format."""

    certificate: Path
    key: Path


class Authority:
    """Vouches for names; `ca_file` is what others trust it by."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca_file)

    def vouch(self, *names: str) -> Pair:
        """A certificate for these names, and its key."""
        made = self._ca.issue_cert(*names)
        pair = Pair(self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key")
        made.cert_chain_pems[0].write_to_path(pair.certificate)
        made.private_key_pem.write_to_path(pair.key)
        return pair

    def trusted(self) -> ssl.SSLContext:
        """A client's context that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.ca_file)
