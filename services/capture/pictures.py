"""What every source of pictures is, and the way to it from asyncio.

A source blocks, so it is used from threads: `opened` and `frames` do that.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar, Final

import cv2

from services.capture.client import Frame
from services.capture.drawn_face import Image

MAX_SIDE_PX: Final = 1280
"""Larger pictures are scaled down: no face is found better in them, and they only load the line."""
JPEG_QUALITY: Final = 85


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
    def read(self) -> bytes | None:
        """The next picture, as JPEG; None: there are no more.

        Raises:
            SourceError: the source has stopped.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the device or file. Idempotent."""


def encode(image: Image) -> bytes:
    """A picture as JPEG, at most `MAX_SIDE_PX` wide and high.

    Args:
        image: uint8, (height, width, 3), BGR, 0..255.
    """
    height, width = image.shape[:2]
    scale = MAX_SIDE_PX / max(height, width)
    if scale < 1:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


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


async def frames(source: Source) -> AsyncGenerator[Frame]:
    """The pictures of an open source, at its pace, until it ends.

    Raises:
        SourceError: it has stopped.
    """
    due = time.monotonic()
    while (image := await asyncio.to_thread(source.read)) is not None:
        yield Frame(image, datetime.now(UTC))
        # After a delay the pictures go on from now; they do not hurry to catch up.
        due = max(due + 1 / source.fps, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
