"""Puts a source, a stream and a view together."""

import time
from contextlib import aclosing
from typing import NamedTuple

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.stream import EmotionStream
from services.capture.pacing import Pacer
from services.capture.packing import CropPacker, PicturePacker
from services.capture.pictures import Pack, Source, frames, opened
from services.capture.report import FrameReport
from services.capture.sources import source_for
from services.capture.terminal import View, print_line


class Options(NamedTuple):
    """What a person asked for."""

    source: str
    user: str
    fps: float
    session: str | None
    crop: bool
    connect_timeout_s: float


async def capture(options: Options, endpoint: Endpoint, view: View) -> None:
    """Stream the source and show what is read, until it ends.

    Raises:
        SourceError: the source cannot be opened, or has stopped.
        ServerRefusedError: the server will not serve this stream.
        ServerUnreachableError: the server did not answer in time.
        ConfigurationError: a file that the endpoint names cannot be read, or standard output not be written to.
    """
    async with opened(source_for(options.source, options.fps)) as source:
        stream = EmotionStream(
            endpoint,
            options.user,
            session_id=options.session or "",
            keep_every_frame=not source.live,
            connect_timeout_s=options.connect_timeout_s,
            on_connection=view.connection,
        )
        with view:
            await _show(stream, source, options.crop, view)


async def _show(stream: EmotionStream, source: Source, crop: bool, view: View) -> None:
    replaced = 0
    pacer = Pacer(source.fps)
    sent = frames(source, _packer(crop, pacer), lambda: pacer.fps if source.live else source.fps)
    async with aclosing(sent) as pictures, aclosing(stream.readings(pictures)) as readings:
        async for timed in readings:
            replaced += timed.reading.status == emotion_pb2.READING_STATUS_DROPPED
            dropped, now_s = stream.dropped + replaced, time.monotonic()
            if source.live:
                pacer.observe(timed, stream.pace, dropped, now_s)
            view.show(timed, now_s, dropped)


async def rehearse(options: Options, json: bool) -> None:
    """Print what would be sent, until the source ends.

    Raises:
        SourceError: the source cannot be opened, or has stopped.
        ConfigurationError: standard output cannot be written to.
    """
    async with opened(source_for(options.source, options.fps)) as source:
        sent = frames(source, _packer(options.crop, Pacer(source.fps)), lambda: source.fps)
        sequence = 0
        async with aclosing(sent) as pictures:
            async for frame in pictures:
                sequence += 1
                report = FrameReport.of(sequence, frame)
                print_line(report.model_dump_json() if json else str(report))


def _packer(crop: bool, pacer: Pacer) -> Pack:
    return CropPacker() if crop else PicturePacker(lambda: pacer.encoding)
