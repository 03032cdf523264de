"""`python -m services.capture`: stream a camera, a file, a folder, a network stream or the demo.

Exit status: 0 the clip has ended, or the capture was stopped; 1 a bug; 2 wrong usage or settings, or a full disk; 3 the
source cannot be opened or has stopped; 4 the server refused; 5 the server cannot be reached, or has no place.
"""

import asyncio
import os
import re
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Annotated, Any, Final

# Before cv2 is imported: what is wrong with a source is said once, by us.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import stamina.instrumentation
import structlog
import typer
from rich.console import Console

from contracts.events import IDENTIFIER_PATTERN
from servicekit.emotion_client.errors import ServerRefusedError, ServerUnreachableError
from servicekit.errors import ConfigurationError, EmoVerseError
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from services.capture.app import Options, capture, rehearse
from services.capture.errors import SourceError
from services.capture.settings import CaptureSettings
from services.capture.sources import name_of
from services.capture.terminal import JsonView, LiveView, LogView, View

EXIT_STATUSES: Final[dict[type[EmoVerseError], int]] = {
    ConfigurationError: 2,
    SourceError: 3,
    ServerRefusedError: 4,
    ServerUnreachableError: 5,
}

_log = structlog.get_logger(__name__)


def _identifier(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(IDENTIFIER_PATTERN, value):
        raise typer.BadParameter("use 1 to 64 letters, digits, '.', '_' and '-', the first a letter or a digit")
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004  (TCP's range)
        raise typer.BadParameter("use HOST:PORT, for example 127.0.0.1:50051")
    return value


def main(  # noqa: PLR0913, PLR0917  (the command's options)
    source: Annotated[
        str, typer.Option(help="demo, a camera's number, a video file, a picture, a folder of pictures, or rtsp://...")
    ] = "demo",
    server: Annotated[
        str, typer.Option(callback=_address, metavar="HOST:PORT", help="The emotion service.")
    ] = "127.0.0.1:50051",
    user: Annotated[str, typer.Option(callback=_identifier, help="Who is in front of the camera.")] = "demo",
    fps: Annotated[
        float,
        # After three seconds without a picture the mood is that nobody is there.
        typer.Option(min=0.5, max=60, help="Pictures a second at most; fewer where the server or the line is slow."),
    ] = 15.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per reading on standard output.")] = False,
    session: Annotated[str | None, typer.Option(callback=_identifier, help="Resume this session.")] = None,
    connect_timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for the server at the start; later it is sought for ever.")
    ] = 60.0,
    crop: Annotated[
        bool, typer.Option("--crop", help="Find faces here and send only them, 48x48 and grey: no picture leaves.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; no server is needed.")] = False,
) -> None:
    """Stream pictures of a face to the emotion service and show the mood it reads.

    CAPTURE_TOKEN, CAPTURE_TLS, CAPTURE_CA_FILE, CAPTURE_CERTIFICATE_FILE and CAPTURE_KEY_FILE say how to reach a server
    that asks who calls.

    Exit status: 0 the clip has ended or Ctrl-C, 1 a bug, 2 wrong usage or settings, 3 the source cannot be opened or
    has stopped, 4 the server refused, 5 the server cannot be reached or has no place.
    """
    settings = load_settings(CaptureSettings)
    configure_logging("capture", settings.log_level, settings.log_format)
    # The view tells of every attempt, in words for people.
    stamina.instrumentation.set_on_retry_hooks([])
    options = Options(source, user, fps, session, crop, connect_timeout)
    try:
        work = (
            rehearse(options, json)
            if dry_run
            else capture(options, settings.endpoint(server), _view(json, f"{name_of(source)} → {server}"))
        )
        asyncio.run(_until_signalled(work))
    except EmoVerseError as error:
        _log.error(error.message, advice=error.advice, code=error.code)
        raise typer.Exit(EXIT_STATUSES.get(type(error), 1)) from error
    except BrokenPipeError:
        _log.debug("whoever read the lines has seen enough")


def _view(json: bool, title: str) -> View:
    if json:
        return JsonView()
    console = Console()
    return LiveView(title, console) if console.is_terminal else LogView()


async def _until_signalled(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def run() -> None:
    """The command `emoverse-capture`."""
    typer.run(main)


if __name__ == "__main__":
    run()
