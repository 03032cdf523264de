"""What the terminal shows: a line for everything that happens, and the moment itself where it can be redrawn."""

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from contracts.recommendation import Kind, Pick
from standalone.live import Message, MoodMessage, PicksMessage, SeenMood


def mood_line(mood: SeenMood) -> str:
    """A mood in one line."""
    return (
        f"mood      {mood.state} (confidence {mood.confidence:.2f}, "
        f"valence {mood.valence:+.2f}, arousal {mood.arousal:+.2f})"
    )


def pick_text(pick: Pick) -> str:
    """An item with its makers and the first reason for it."""
    item = pick.item
    by = f" by {', '.join(item.creators)}" if item.creators else ""
    because = f" - {pick.reasons[0]}" if pick.reasons else ""
    return f"{item.title}{by}{because}"


def pick_line(kind: Kind, pick: Pick) -> str:
    """The top pick of a kind in one line."""
    return f"picks     {kind}: {pick_text(pick)}"


class Terminal:
    """Says what happens to the system and to the person it watches.

    Args:
        console: where to; redrawn in place where it is a terminal, else line by line.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._mood: SeenMood | None = None
        self._top: dict[Kind, Pick] = {}

    def say(self, line: str) -> None:
        """One line, above the picture."""
        self._console.print(Text(line), soft_wrap=True)

    def open_picture(self) -> None:
        """From now on, redraw the moment in place."""
        if self._live is not None:
            self._live.start()

    def close_picture(self) -> None:
        """Leave the last picture where it is."""
        if self._live is not None:
            self._live.stop()

    def show(self, message: Message) -> None:
        """A message of the live channel."""
        match message:
            case MoodMessage(mood=mood):
                is_new = self._mood is None or mood.state != self._mood.state
                self._mood, lines = mood, [mood_line(mood)] if is_new else []
            case PicksMessage(picks=picks):
                before = {kind: pick.item.id for kind, pick in self._top.items()}
                self._top = {kind: ranked[0] for kind, ranked in picks.items() if ranked}
                # All kinds in one line would be a paragraph.
                lines = [pick_line(kind, pick) for kind, pick in self._top.items() if pick.item.id != before.get(kind)]
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
            return
        for line in lines:
            self.say(line)

    def _picture(self) -> Group:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for kind, pick in self._top.items():
            table.add_row(Text(kind, style="bold"), Text(pick_text(pick)))
        return Group(Text(mood_line(self._mood) if self._mood else "mood      nobody seen yet", style="bold"), table)
