"""`python -m benchmarks.abuse KIND HOST:PORT SECONDS`: a client that behaves badly, for `benchmarks.stream --abuse`.

A process of its own: what it costs must not slow down the clients that are measured.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from itertools import count
from typing import Final

import grpc

from benchmarks.load import CHANNEL_OPTIONS, Call
from benchmarks.pictures import WIDTHS_PX, clips
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc

FLOOD_FPS: Final = 1000.0
DEAF_FPS: Final = 100.0
HALF_BYTES: Final = 20_000
"""Where a message of some 35 kB is cut: its length has been said, and its rest never comes."""
HALF_PAUSE_S: Final = 0.2
PAUSE_S: Final = 0.1
"""After being thrown out."""


class Abuse(StrEnum):
    """What the client does."""

    FLOOD = "flood"
    """Sends 1,000 frames a second."""
    DEAF = "deaf"
    """Sends 100 frames a second and never reads an answer."""
    HALF = "half"
    """Sends the first half of a message, waits, and hangs up; five times a second."""


async def misbehave(kind: Abuse, address: str, seconds: float) -> None:
    """Do it again and again, however often the server ends it, until the time is over."""
    picture = clips(1.0, 1.0)[WIDTHS_PX[-1]][0]
    actions: dict[Abuse, Callable[[], Awaitable[None]]] = {
        Abuse.FLOOD: lambda: _send(address, picture, FLOOD_FPS, listens=True),
        Abuse.DEAF: lambda: _send(address, picture, DEAF_FPS, listens=False),
        Abuse.HALF: lambda: _send_half(address, picture),
    }
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with suppress(grpc.RpcError, asyncio.InvalidStateError, OSError):
                    await actions[kind]()
                await asyncio.sleep(PAUSE_S)


async def _send(address: str, picture: bytes, fps: float, *, listens: bool) -> None:
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        call = emotion_pb2_grpc.EmotionServiceStub(channel).StreamFrames()
        await call.write(emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="abuser")))
        listening = asyncio.create_task(_listen(call)) if listens else None
        try:
            began_s = time.perf_counter()
            for sequence in count(1):
                await call.write(_frame(sequence, picture))
                await asyncio.sleep(began_s + sequence / fps - time.perf_counter())
        finally:
            if listening:
                listening.cancel()


async def _listen(call: Call) -> None:
    with suppress(grpc.RpcError, asyncio.InvalidStateError):
        while await call.read() is not grpc.aio.EOF:
            pass


async def _send_half(address: str, picture: bytes) -> None:
    """A well-behaved client behind a line that breaks off in the middle of its first frame."""
    server = await asyncio.start_server(lambda reader, writer: _break_off(reader, writer, address), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
            call = emotion_pb2_grpc.EmotionServiceStub(channel).StreamFrames()
            await call.write(emotion_pb2.StreamFramesRequest(hello=emotion_pb2.Hello(user_id="abuser")))
            await call.write(_frame(1, picture))
            await call.read()
            await call.read()


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
    host, _, port = address.rpartition(":")
    back, forth = await asyncio.open_connection(host, int(port))
    answering = asyncio.create_task(_pass_on(back, writer))
    try:
        left = HALF_BYTES
        while left and (data := await reader.read(left)):
            forth.write(data)
            await forth.drain()
            left -= len(data)
        await asyncio.sleep(HALF_PAUSE_S)
    finally:
        answering.cancel()
        forth.close()
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()


def _frame(sequence: int, picture: bytes) -> emotion_pb2.StreamFramesRequest:
    return emotion_pb2.StreamFramesRequest(frame=emotion_pb2.Frame(sequence=sequence, image=picture))


if __name__ == "__main__":
    asyncio.run(misbehave(Abuse(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
