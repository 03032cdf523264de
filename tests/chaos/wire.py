"""A TCP proxy that can spoil the line: delay it, slow it down, go silent, or break it off."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable
from typing import Any, Final, Self

CHUNK_BYTES: Final = 16_384
SLOW_BYTES: Final = 256


class Wire:
    """Forwards to an address, from a thread of its own, until closed.

    Args:
        target: HOST:PORT.

    Attributes:
        address: HOST:PORT where it listens.
        delay_s: that every chunk is held back for.
        bytes_per_s: of each connection and direction; 0: as many as there are.
        silent: nothing is forwarded, and nobody is told.
        held: how many times something was held back for that.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self.address = ""
        self.delay_s = 0.0
        self.bytes_per_s = 0
        self.silent = False
        self.held = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        """Break off every connection, and listen no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def reset(self) -> None:
        """Break every connection off, without the usual farewell."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(10)

    async def _reset(self) -> None:
        for writer in list(self._writers):
            connection: socket.socket = writer.get_extra_info("socket")
            # Lingering for no time at all makes the close a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        ways: list[Awaitable[Any]] = [self._copy(reader, far_writer), self._copy(far_reader, writer)]
        try:
            await asyncio.gather(*ways)
        except asyncio.CancelledError:
            # Nobody waits for this task, and a stream's server would complain of it.
            pass
        finally:
            self._writers -= {writer, far_writer}
            writer.close()
            far_writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                await asyncio.sleep(self.delay_s)
                self.held += self.silent
                while self.silent:  # noqa: ASYNC110  (another thread sets it)
                    await asyncio.sleep(0.05)
                for start in range(0, len(chunk), SLOW_BYTES):
                    await asyncio.sleep(SLOW_BYTES / self.bytes_per_s if self.bytes_per_s else 0)
                    writer.write(chunk[start : start + SLOW_BYTES])
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
