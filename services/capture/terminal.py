"""What a person sees: a live view in a terminal, JSON lines for a program, a line per mood for a log."""

import os
import sys
from abc import abstractmethod
from collections import deque
from contextlib import AbstractContextManager
from typing import Final, Self

import structlog
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.emotion import EMOTIONS
from servicekit.emotion_client.leg import TimedReading
from servicekit.emotion_client.stream import Connection
from servicekit.errors import ConfigurationError
from services.capture.report import FaceReport, MoodReport, ReadingReport

RATE_WINDOW: Final = 30
"""Readings over which the rate is taken."""

_log = structlog.get_logger(__name__)


def print_line(line: str) -> None:
    """Write a line to standard output, and do not let it wait in a buffer.

    Raises:
        BrokenPipeError: whoever read the lines has seen enough.
        ConfigurationError: it takes no more, as on a full disk.
    """
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError as error:
        # The interpreter must not try to flush them once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise ConfigurationError(
            f"Standard output takes no more: {error.strerror}.",
            "Free some space, or write to another place.",
            code="output_unwritable",
        ) from error


class View(AbstractContextManager["View"]):
    """Shows readings while entered."""

    def __exit__(self, *_: object) -> None:
        return None

    @abstractmethod
    def show(self, timed: TimedReading, at_s: float, dropped: int) -> None:
        """One more reading.

        Args:
            timed: the reading.
            at_s: when it was received, on a monotonic clock.
            dropped: frames of this stream that were never read so far.
        """

    def connection(self, state: Connection, text: str) -> None:
        """Say in the log that the connection has changed."""
        (_log.info if state is Connection.CONNECTED else _log.warning)(state.value, detail=text)


class JsonView(View):
    """One JSON object per reading on standard output; everything else goes to the log."""

    def show(self, timed: TimedReading, at_s: float, dropped: int) -> None:
        """Print it."""
        del at_s, dropped
        print_line(ReadingReport.from_reading(timed).model_dump_json())


class LogView(View):
    """A line in the log whenever the mood changes: for where standard output is no terminal."""

    def __init__(self) -> None:
        self._state: str | None = None

    def show(self, timed: TimedReading, at_s: float, dropped: int) -> None:
        """Log the mood if it is a new one."""
        del at_s
        mood = ReadingReport.from_reading(timed).mood
        if mood and mood.state != self._state:
            self._state = mood.state
            _log.info("mood", state=mood.state.value, valence=mood.valence, arousal=mood.arousal, dropped=dropped)


class LiveView(View):
    """The newest reading, redrawn in place.

    Args:
        title: what is watched.
        console: where to draw.
    """

    def __init__(self, title: str, console: Console) -> None:
        self._title = Text(title)
        self._connection = Text("connecting", style="yellow")
        self._times_s = deque[float](maxlen=RATE_WINDOW)
        self._body: Group | Text = Text("waiting for the first reading")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def connection(self, state: Connection, text: str) -> None:
        """Show it in the last line."""
        style = "green" if state is Connection.CONNECTED else "bold red"
        self._connection = Text(f"{state.value}: {text}", style=style)

    def show(self, timed: TimedReading, at_s: float, dropped: int) -> None:
        """Draw it at the next refresh."""
        self._times_s.append(at_s)
        report = ReadingReport.from_reading(timed)
        face = report.faces[0] if report.faces else None
        rate = Text(f"{self._rate():.1f} fps   {report.latency_ms:.0f} ms   {dropped} dropped", style="dim")
        self._body = Group(_mood_line(report.mood), _bars(face), _status_line(report, face), rate)

    def _rate(self) -> float:
        if len(self._times_s) < 2:  # noqa: PLR2004  (a rate needs two points)
            return 0.0
        return (len(self._times_s) - 1) / max(self._times_s[-1] - self._times_s[0], 1e-6)

    def _render(self) -> Panel:
        return Panel(Group(self._body, self._connection), title=self._title, width=64)


def _mood_line(mood: MoodReport | None) -> Text:
    if mood is None:
        return Text("no mood yet", style="bold")
    plane = f"   valence {mood.valence:+.2f}   arousal {mood.arousal:+.2f}   since {mood.since.astimezone():%H:%M:%S}"
    return Text.assemble((mood.state.value, "bold magenta"), plane)


def _bars(face: FaceReport | None) -> Table:
    table = Table.grid(padding=(0, 1))
    for emotion in EMOTIONS:
        share = face.probabilities.get(emotion, 0.0) if face else 0.0
        table.add_row(f"{emotion.value:<8}", ProgressBar(total=1.0, completed=share, width=40), f"{share:4.0%}")
    return table


def _status_line(report: ReadingReport, face: FaceReport | None) -> Text:
    parts = [f"frame {report.sequence}: {report.status}"]
    if face:
        parts.append(f"face {face.track_id} at {face.box.x},{face.box.y}, {face.box.width}x{face.box.height} px")
    if len(report.faces) > 1:
        parts.append(f"{len(report.faces)} faces")
    if report.problem:
        parts.append(f"{report.problem.message} {report.problem.advice}")
    return Text("   ".join(parts))
