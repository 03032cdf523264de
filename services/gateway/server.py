"""The HTTP server: uvicorn in this process, stopped by the service's own lifecycle."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from servicekit.errors import ConfigurationError
from services.gateway.faces.bridge import MAX_FRAME_BYTES
from services.gateway.settings import GatewaySettings

DRAIN_S: Final = 5
"""How long requests in progress may take to end after a stop was asked for."""

# A reader that keeps its connection but takes nothing would otherwise hold it, and what waits on it, for ever.
_UNSENT_TIMEOUT_MS: Final = 30_000

MAX_QUEUED_FRAMES: Final = 4
"""Of one browser, between its socket and the bridge, which never waits."""

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, before_drain: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._before_drain = before_drain

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # uvicorn would raise the signal again once it has stopped, and the process would not exit with 0.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn waits for open responses to end, and a live channel has no end of its own.
        self._before_drain()
        await super().shutdown(sockets)


@asynccontextmanager
async def serving(app: FastAPI, settings: GatewaySettings) -> AsyncGenerator[int]:
    """Serve the app while open, then drain; yields the bound port.

    Raises:
        ConfigurationError: the address cannot be bound.
    """
    with _bind(settings) as listening:
        port = int(listening.getsockname()[1])
        server = _Server(_config(app, settings), before_drain=lambda: _say_goodbye(app))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        task.add_done_callback(lambda _: server.ready.set())
        await server.ready.wait()
        scheme = "https" if settings.tls_certificate else "http"
        _log.info("listening", url=f"{scheme}://{settings.host}:{port}")
        try:
            yield port
        finally:
            server.should_exit = True
            await task


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Makes the event loop that uvicorn would choose: uvloop where it is installed; None: asyncio's own."""
    return uvicorn.Config("").get_loop_factory()


def _say_goodbye(app: FastAPI) -> None:
    app.state.feed.close()
    app.state.bridges.close()


def _config(app: FastAPI, settings: GatewaySettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws_max_size=MAX_FRAME_BYTES,
        ws_max_queue=MAX_QUEUED_FRAMES,
        forwarded_allow_ips=settings.trusted_proxies,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
    )


def _bind(settings: GatewaySettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            "Free the port or set GATEWAY_PORT to another one; GATEWAY_HOST must be an address of this machine.",
            code="port_in_use",
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_TIMEOUT_MS)
    return listening
