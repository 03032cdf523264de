"""Where the emotion service is, and how to show it who calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import grpc

from servicekit.tls import Tls

# Every connection is one of its own: a new one may reach another worker, and no other's failures hold it up.
_OPTIONS: Final = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))


@dataclass(frozen=True)
class Endpoint:
    """An emotion service."""

    address: str
    """HOST:PORT."""
    token: str | Callable[[], str] = field(default="", repr=False)
    """Shown with every call, or asked for before each, since one may expire while the stream lasts; empty: none."""
    tls: Tls | None = None
    """None: the line is not encrypted."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What accompanies every call."""
        token = self.token() if callable(self.token) else self.token
        return (("authorization", f"Bearer {token}"),) if token else ()

    def open_channel(self) -> grpc.aio.Channel:
        """A new connection.

        Raises:
            ConfigurationError: see `Tls.credentials`.
        """
        if self.tls is None:
            return grpc.aio.insecure_channel(self.address, options=_OPTIONS)
        return grpc.aio.secure_channel(self.address, self.tls.credentials(), options=_OPTIONS)
