"""Puts a source, a stream and a view together."""

import time
from contextlib import aclosing
from typing import NamedTuple

from contracts.pb.emoverse.v1 import emotion_pb2
from services.capture.client import EmotionStream
from services.capture.pictures import Source, frames, opened
from services.capture.sources import source_for
from services.capture.terminal import View


class Options(NamedTuple):
    """What a person asked for."""

    source: str
    server: str
    user: str
    fps: float
    session: str | None
    connect_timeout_s: float


async def capture(options: Options, view: View) -> None:
    """Stream the source and show what is read, until it ends.

    Raises:
        SourceError: the source cannot be opened, or has stopped.
        ServerRefusedError: the server will not serve this stream.
        ServerUnreachableError: the server did not answer in time.
    """
    async with opened(source_for(options.source, options.fps)) as source:
        stream = EmotionStream(
            options.server,
            options.user,
            session_id=options.session or "",
            keep_every_frame=not source.live,
            connect_timeout_s=options.connect_timeout_s,
            on_connection=view.connection,
        )
        with view:
            await _show(stream, source, view)


async def _show(stream: EmotionStream, source: Source, view: View) -> None:
    replaced = 0
    async with aclosing(frames(source)) as pictures, aclosing(stream.readings(pictures)) as readings:
        async for timed in readings:
            replaced += timed.reading.status == emotion_pb2.READING_STATUS_DROPPED
            view.show(timed, time.monotonic(), stream.dropped + replaced)
