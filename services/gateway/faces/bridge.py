"""From a browser's WebSocket to the emotion service and back. Frames are held one at a time, and only in memory."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, NamedTuple

from pydantic import BaseModel
from redis.asyncio import Redis
from starlette.websockets import WebSocket, WebSocketDisconnect

from contracts.events import STOPS_CHANNEL, StopEvent, StopReason
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError, ServerUnreachableError
from servicekit.emotion_client.frames import Frame
from servicekit.emotion_client.leg import MAX_IN_FLIGHT
from servicekit.emotion_client.stream import Connection, EmotionStream
from servicekit.pubsub import subscribe
from services.gateway.faces.messages import ConnectionMessage, ReadingMessage, Welcome
from services.gateway.live import DELETED, LiveFeed

MAX_FRAME_BYTES: Final = 2 * 2**20
CONNECT_TIMEOUT_S: Final = 10.0
SEND_TIMEOUT_S: Final = 10.0
"""How long a browser may leave a reading unread before it is given up."""
MAX_MESSAGES: Final = 16


class Closing(NamedTuple):
    """How a capture channel ends (RFC 6455, section 7.4); from 4000 on, 4000 and the HTTP status it stands for."""

    code: int
    reason: str = ""


GONE: Final = Closing(1000)
NOT_BINARY: Final = Closing(1003, "send pictures as binary messages")
NOT_READING: Final = Closing(1008, "readings were not taken")
SHUTTING_DOWN: Final = Closing(1012, "the gateway stops; connect again")
STOPPED: Final = {
    StopReason.WITHDRAWN: Closing(4000 + HTTPStatus.FORBIDDEN, "the consent was withdrawn"),
    StopReason.REVOKED: Closing(4000 + HTTPStatus.UNAUTHORIZED, "the session has ended"),
    StopReason.DELETED: Closing(4000 + HTTPStatus.UNAUTHORIZED, "the account was deleted"),
}


class Bridge:
    """One capture channel.

    Args:
        socket: accepted.
        endpoint: the emotion service, with a token for this person for every call.
        user_id: who is in front of the camera.
    """

    def __init__(self, socket: WebSocket, endpoint: Endpoint, user_id: str) -> None:
        self.user_id = user_id
        self._socket = socket
        self._stopped: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._messages = asyncio.Queue[BaseModel](MAX_MESSAGES)
        self._stream = EmotionStream(
            endpoint, user_id, connect_timeout_s=CONNECT_TIMEOUT_S, on_connection=self._on_connection
        )

    def stop(self, closing: Closing) -> None:
        """End the channel now."""
        if not self._stopped.done():
            self._stopped.set_result(closing)

    async def run(self) -> None:
        """Bridge until either side ends, or somebody stops it."""
        work = [asyncio.create_task(each) for each in (self._receive(), self._read(), self._send(), self._until_stop())]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            await self._close(next(iter(done)).result())
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _until_stop(self) -> Closing:
        return await asyncio.shield(self._stopped)

    async def _close(self, closing: Closing) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.close(closing.code, closing.reason)
        except (RuntimeError, WebSocketDisconnect, TimeoutError):
            # The browser was quicker.
            pass

    async def _receive(self) -> Closing:
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            picture = message.get("bytes")
            if picture is None:
                return NOT_BINARY
            self._stream.push(Frame(picture, datetime.now(UTC)))
        return GONE

    async def _read(self) -> Closing:
        await self._messages.put(Welcome(max_in_flight=MAX_IN_FLIGHT, max_image_bytes=MAX_FRAME_BYTES))
        try:
            async for timed in self._stream.readings():
                await self._messages.put(ReadingMessage.of(timed.reading, timed.latency_ms))
        except ServerRefusedError as error:
            # A worker may hear of a withdrawal first. Whatever else it refuses is not the person's doing.
            return Closing(4000 + HTTPStatus.FORBIDDEN if error.code == "stopped" else 1012, error.code)
        except ServerUnreachableError as error:
            return Closing(1013, error.code)
        return GONE

    async def _send(self) -> Closing:
        while True:
            message = await self._messages.get()
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self._socket.send_text(message.model_dump_json())
            except TimeoutError:
                return NOT_READING
            except (RuntimeError, WebSocketDisconnect):
                return GONE

    def _on_connection(self, state: Connection, detail: str) -> None:
        if not self._messages.full():
            self._messages.put_nowait(ConnectionMessage(state=state.value, detail=detail))


class Bridges:
    """Every open capture channel of this process, and the word that ends some of them."""

    def __init__(self, feed: LiveFeed) -> None:
        self._open: set[Bridge] = set()
        self._feed = feed

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def all(self) -> frozenset[Bridge]:
        """Those that are open now."""
        return frozenset(self._open)

    @contextmanager
    def opened(self, bridge: Bridge) -> Generator[None]:
        """The bridge can be stopped while open."""
        self._open.add(bridge)
        try:
            yield
        finally:
            self._open.discard(bridge)

    def close(self) -> None:
        """The gateway stops."""
        for bridge in self._open:
            bridge.stop(SHUTTING_DOWN)

    def stop(self, event: StopEvent) -> None:
        """End what a person, or a service in their name, wants ended."""
        if event.token_id is not None:
            return
        for bridge in self._open:
            if bridge.user_id == event.user_id:
                bridge.stop(STOPPED[event.reason])
        if event.reason is StopReason.DELETED:
            self._feed.close_user(event.user_id, DELETED)

    async def pump_stops(self, redis: Redis) -> None:
        """Heed every word that arrives on Redis, for ever."""
        async for event in subscribe(redis, STOPS_CHANNEL, StopEvent):
            self.stop(event)
