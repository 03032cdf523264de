"""The emotion service, as the gateway asks it about single pictures."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import ClassVar, Final

import grpc

from contracts.pb.emoverse.v1 import emotion_pb2
from contracts.pb.emoverse.v1.emotion_pb2_grpc import EmotionServiceStub
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.errors import OverloadedError
from servicekit.grpc_channel import open_channel
from servicekit.grpc_status import error_from
from servicekit.tls import Tls
from services.gateway.faces.messages import PictureReading

READ_TIMEOUT_S: Final = 10.0
MAX_PICTURE_BYTES: Final = 8 * 2**20
PICTURES_AT_ONCE: Final = 8
"""Each is in memory up to three times for a moment: on its own, in a message, and in that as it is sent."""

_OPTIONS: Final = (("grpc.max_send_message_length", MAX_PICTURE_BYTES + 2**16),)


class TooManyPicturesError(OverloadedError):
    """As many pictures as fit into memory are on their way, or one of the same person."""

    default_code: ClassVar[str] = "too_many_pictures"

    def __init__(self) -> None:
        super().__init__("Too many pictures are on their way.", "Try again in a few seconds.")


class EmotionClient:
    """Asks the emotion service; a call ends within `READ_TIMEOUT_S`."""

    def __init__(self, channel: grpc.aio.Channel, address: str, tls: Tls | None = None) -> None:
        self._tls = tls
        self._stub = EmotionServiceStub(channel)
        self._address = address
        self._sending: set[str] = set()

    @contextmanager
    def place(self, user_id: str) -> Generator[None]:
        """Room for one picture while open; each person has one at a time, lest one takes all.

        Raises:
            TooManyPicturesError: there is none.
        """
        if user_id in self._sending or len(self._sending) >= PICTURES_AT_ONCE:
            raise TooManyPicturesError
        self._sending.add(user_id)
        try:
            yield
        finally:
            self._sending.remove(user_id)

    def endpoint(self, token: str | Callable[[], str]) -> Endpoint:
        """Where live streams go, with a token for one person, or with what makes one for each call."""
        return Endpoint(self._address, token, self._tls)

    async def read(self, picture: bytes, token: str) -> PictureReading:
        """Every face in a JPEG or PNG; nothing is remembered.

        Raises:
            EmoVerseError: what the service answered, or `UnavailableError` where it does not.
        """
        request = emotion_pb2.AnalyzeImageRequest(image=picture)
        metadata = self.endpoint(token).metadata
        try:
            answer = await self._stub.AnalyzeImage(request, timeout=READ_TIMEOUT_S, metadata=metadata)  # pyright: ignore[reportGeneralTypeIssues]  (awaitable on an asyncio channel)
        except grpc.aio.AioRpcError as error:
            raise error_from(error, f"the emotion service at {self._address}") from error
        return PictureReading.of(answer)


@asynccontextmanager
async def open_emotion(address: str, tls: Tls | None = None) -> AsyncGenerator[EmotionClient]:
    """A client of the emotion service at HOST:PORT. Nothing is connected until the first call."""
    async with open_channel(address, _OPTIONS, tls) as channel:
        yield EmotionClient(channel, address, tls)
