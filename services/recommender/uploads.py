"""Files that come in over gRPC, part by part."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.uploads import UPLOAD_TIMEOUT_S
from servicekit.errors import InvalidInputError, OverloadedError
from services.recommender.import_folder import ImportFolder

IDLE_TIMEOUT_S: Final = 60.0
"""How long a caller may be silent."""
MAX_UPLOADS: Final = 4

Requests = AsyncIterator[pb.UploadImportRequest]
Answer = Callable[[pb.UploadImportResponse], Awaitable[None]]


class Uploads:
    """Takes in files for a folder, `MAX_UPLOADS` at once."""

    def __init__(self, folder: ImportFolder) -> None:
        self._folder = folder
        self._free = asyncio.Semaphore(MAX_UPLOADS)

    async def take(self, requests: Requests, answer: Answer) -> None:
        """Take in one; every message gets an answer.

        Raises:
            OverloadedError: so many are coming in already.
            InvalidInputError: they break off, or come in another order than a start, chunks, and an end.
            EmoVerseError: see `ImportFolder`.
        """
        if self._free.locked():
            raise OverloadedError("Too many files are being sent.", "Try again when they are there.")
        async with self._free, _within(UPLOAD_TIMEOUT_S):
            start = (await _next(requests, "start")).start
            file = await asyncio.to_thread(self._folder.receive, start.file, start.size_bytes)
            try:
                await answer(pb.UploadImportResponse())
                while (request := await _next(requests, "chunk", "end")).HasField("chunk"):
                    await asyncio.to_thread(file.write, request.chunk)
                    await answer(pb.UploadImportResponse(size_bytes=file.size_bytes))
                duplicate = await asyncio.to_thread(file.publish)
            finally:
                await asyncio.to_thread(file.close)
            await answer(pb.UploadImportResponse(size_bytes=file.size_bytes, duplicate=duplicate))


@asynccontextmanager
async def _within(limit_s: float) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise _broken(f"it was not done after {limit_s:g} s") from error


async def _next(requests: Requests, *expected: str) -> pb.UploadImportRequest:
    async with _within(IDLE_TIMEOUT_S):
        request = await anext(requests, None)
    if request is None:
        raise _broken("it ended without saying so")
    if request.WhichOneof("part") not in expected:
        raise _broken(f"a message is no {' or '.join(expected)}")
    return request


def _broken(what: str) -> InvalidInputError:
    return InvalidInputError(f"The upload broke off: {what}.", "Send the file again.", code="upload_broken")
