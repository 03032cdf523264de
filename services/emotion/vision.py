"""Runs OpenCV in threads of its own, so that pictures never hold up the event loop."""

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import cv2

from servicekit.errors import OverloadedError
from services.emotion.faces import FoundFace
from services.emotion.image_headers import ImageSize
from services.emotion.images import ImageLimits, Picture

Seek = Callable[[Picture], list[FoundFace]]
"""Finds the faces in a picture; runs in a thread."""


class Sight(NamedTuple):
    """What one picture shows."""

    size: ImageSize
    faces: list[FoundFace]


class Vision:
    """Decodes pictures and finds the faces in them.

    Args:
        max_waiting: pictures beyond these, read or waiting for a thread, are refused.
        timeout_s: how long a picture may wait and be read.
        threads: see `usable_cores`.
    """

    def __init__(
        self,
        limits: ImageLimits,
        max_waiting: int,
        threads: int,
        timeout_s: float = 2.0,
    ) -> None:
        # Our threads are the parallelism; OpenCV's own would only fight them for the cores.
        cv2.setNumThreads(1)
        self._limits = limits
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="vision")
        self.waiting = 0
        """Pictures being read or waiting for a thread."""

    async def look(self, image: bytes, seek: Seek) -> Sight:
        """Decode a JPEG or PNG and find its faces.

        Raises:
            BadImageError: see `Picture`.
            OverloadedError: too many pictures wait already, or this one waited too long.
        """
        with self._place():
            try:
                async with asyncio.timeout(self._timeout_s):
                    loop = asyncio.get_running_loop()
                    return await loop.run_in_executor(self._threads, self._look, image, seek)
            except TimeoutError as error:
                raise _overloaded(f"the picture was not read within {self._timeout_s:g} s") from error

    @contextmanager
    def _place(self) -> Generator[None]:
        if self.waiting >= self._max_waiting:
            raise _overloaded(f"{self.waiting} pictures wait already")
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def _look(self, image: bytes, seek: Seek) -> Sight:
        picture = Picture(image, self._limits)
        return Sight(picture.size, seek(picture))

    @contextmanager
    def running(self) -> Generator[None]:
        """Give the threads back at the end, without waiting for pictures that nobody waits for any more."""
        try:
            yield
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)


def usable_cores() -> int:
    """Of this machine, for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _overloaded(what: str) -> OverloadedError:
    return OverloadedError(
        f"There is no capacity left: {what}.", "Send fewer frames, or try another worker.", retry_after_s=1.0
    )
