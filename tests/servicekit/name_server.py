"""A name server whose one answer can be changed."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

ADDRESS_RECORD: Final = 1
ANSWER: Final = struct.Struct("!HHHIH4s")
HEADER: Final = struct.Struct("!6H")
IS_ANSWER: Final = 0x8180
NAME_OF_QUESTION: Final = 0xC00C


class NameServer(asyncio.DatagramProtocol):
    """Every name is at one IPv4 address, until told otherwise (RFC 1035).

    Attributes:
        answer: that address.
    """

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Called by asyncio."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Called by asyncio."""
        number = HEADER.unpack_from(data)[0]
        question = data[HEADER.size : data.index(0, HEADER.size) + 5]
        kind = struct.unpack("!H", question[-4:-2])[0]
        address = socket.inet_aton(self.answer)
        found = ANSWER.pack(NAME_OF_QUESTION, kind, 1, 0, 4, address) if kind == ADDRESS_RECORD else b""
        self._transport.sendto(HEADER.pack(number, IS_ANSWER, 1, bool(found), 0, 0) + question + found, addr)


@asynccontextmanager
async def name_server(answer: str) -> AsyncGenerator[tuple[NameServer, int]]:
    """Run one on the loopback address while open; yields it and its port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(answer), ("127.0.0.1", 0))
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
