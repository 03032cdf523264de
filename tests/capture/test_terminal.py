import io

import structlog.testing
from rich.console import Console

from contracts.pb.emoverse.v1 import emotion_pb2
from servicekit.emotion_client.leg import TimedReading
from servicekit.emotion_client.stream import Connection
from services.capture.terminal import LiveView, LogView
from tests.capture.conftest import reading_of

PICTURE = emotion_pb2.Frame(sequence=41, image=b"\xff\xd8")
RUBBISH = emotion_pb2.Frame(sequence=42, image=b"text")


def drawn(*frames: emotion_pb2.Frame, title: str = "demo → here") -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    with LiveView(title, console) as view:
        view.connection(Connection.CONNECTED, "session s1")
        for index, frame in enumerate(frames):
            view.show(TimedReading(reading_of(frame), 12.4), index / 10, dropped=3)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_live_view_shows_the_face_the_emotions_and_the_mood():
    text = drawn(*[PICTURE] * 3)
    for part in ("happy", "85%", "valence +0.60", "arousal +0.40", "10,20, 200x210", "12 ms", "10.0 fps", "3 dropped"):
        assert part in text
    assert "session s1" in text


def test_the_live_view_shows_what_was_wrong_with_a_picture():
    text = drawn(RUBBISH)
    for part in ("bad_image", "No picture.", "Send a JPEG.", "no mood yet"):
        assert part in text


def test_brackets_in_a_title_are_no_markup():
    assert "clips[/x]/[bold]a.mp4 → here" in drawn(title="clips[/x]/[bold]a.mp4 → here")


def test_the_log_tells_a_mood_once():
    view = LogView()
    with structlog.testing.capture_logs() as said, view:
        for _ in range(3):
            view.show(TimedReading(reading_of(PICTURE), 1.0), 0.0, dropped=0)
    assert [(entry["event"], entry["state"]) for entry in said] == [("mood", "happy")]
