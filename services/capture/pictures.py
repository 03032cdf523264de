"""What every source of pictures is, and the way to it from asyncio.

A source blocks, so it is used from threads: `opened` and `frames` do that.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar

from servicekit.emotion_client.frames import Frame
from services.capture.drawn_face import Image

Pack = Callable[[Image | bytes, datetime], Frame]
"""Makes a frame of a picture, or of a file that should be one, and the time it was taken; runs in a thread."""


class Source(ABC):
    """Pictures, one after the other. `close` may be called while another thread reads, and ends that wait."""

    live: ClassVar[bool]
    """Whether old pictures are worthless; those of a recording are all wanted."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        """How many pictures a second to read."""

    @abstractmethod
    def open(self) -> None:
        """Get ready to read.

        Raises:
            SourceError: it cannot be opened.
        """

    @abstractmethod
    def read(self) -> Image | bytes | None:
        """The next picture, or the file that should hold one and does not; None: there are no more.

        Raises:
            SourceError: the source has stopped.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the device or file. Idempotent."""


@asynccontextmanager
async def opened(source: Source) -> AsyncGenerator[Source]:
    """Keep the source open.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        await asyncio.to_thread(source.open)
        yield source
    finally:
        await asyncio.to_thread(source.close)


async def frames(source: Source, pack: Pack, fps: Callable[[], float]) -> AsyncGenerator[Frame]:
    """The pictures of an open source, until it ends.

    Args:
        pack: makes a frame of each.
        fps: how many a second to read now.

    Raises:
        SourceError: it has stopped.
    """
    due = time.monotonic()
    while (frame := await asyncio.to_thread(_next, source, pack)) is not None:
        yield frame
        # After a delay the pictures go on from now; they do not hurry to catch up.
        due = max(due + 1 / fps(), time.monotonic())
        await asyncio.sleep(due - time.monotonic())


def _next(source: Source, pack: Pack) -> Frame | None:
    picture = source.read()
    return None if picture is None else pack(picture, datetime.now(UTC))
