"""The live channel as the terminal follows it, and what it shows."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from contracts.mood import MoodState
from contracts.recommendation import Item, Kind, Pick
from standalone.live import MoodMessage, PicksMessage, SeenMood, follow, messages
from standalone.ports import LOOPBACK
from standalone.terminal import Terminal, pick_text

MOOD = '{"user_id":"demo","mood":{"state":"happy","confidence":0.8,"valence":0.65,"arousal":-0.4},"at":"x"}'
STREAM = f"""retry: 2000

: a heartbeat

event: notice
data: {{"final": false}}

event: mood
data: {{"mood": "not one"}}

event: mood
id: 7
data: {MOOD[: MOOD.index(",")]}
data: {MOOD[MOOD.index(",") :]}

event: recommendations
data: {{"picks":{{"music":[]}}}}

event: mood
data: {MOOD}
""".replace("\n", "\r\n")


def pick(title: str, kind: Kind = Kind.MUSIC) -> Pick:
    item = Item(id=f"{kind}:{title}", kind=kind, title=title, creators=["Ann", "Ben"])
    return Pick(item=item, score=1, reasons=["It fits.", "It is new."])


def mood(state: MoodState) -> MoodMessage:
    return MoodMessage(mood=SeenMood(state=state, confidence=0.8, valence=0.65, arousal=-0.4))


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.splitlines():
        yield line


async def test_what_is_understood_is_read_and_the_rest_left_out():
    seen = [message async for message in messages(lines(STREAM))]
    assert seen == [mood(MoodState.HAPPY), PicksMessage(picks={Kind.MUSIC: []})], "the last event has no end"


@asynccontextmanager
async def gateway(answers: list[str]) -> AsyncGenerator[str]:
    """Gives each answer to one connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, LOOPBACK, 0)
    async with server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


async def test_a_channel_that_fails_or_ends_is_opened_again():
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    failure = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    event = f"event: mood\ndata: {MOOD}\n\n"
    async with asyncio.timeout(30), gateway([failure, head + event, "", head + event]) as url:
        seen = 0
        async for message in follow(url, "demo"):
            assert message == mood(MoodState.HAPPY)
            seen += 1
            if seen == 2:
                break


def test_without_a_terminal_every_change_is_one_line_and_what_stays_the_same_none():
    output = io.StringIO()
    terminal = Terminal(Console(file=output, width=40))
    picks = PicksMessage(
        picks={Kind.MUSIC: [pick("One"), pick("Two")], Kind.MOVIE: [], Kind.GAME: [pick("Go", Kind.GAME)]}
    )
    for message in (mood(MoodState.HAPPY), mood(MoodState.HAPPY), picks, picks, mood(MoodState.SAD)):
        terminal.show(message)
    assert output.getvalue().splitlines() == [
        "mood      happy (confidence 0.80, valence +0.65, arousal -0.40)",
        "picks     music: One by Ann, Ben - It fits.",
        "picks     game: Go by Ann, Ben - It fits.",
        "mood      sad (confidence 0.80, valence +0.65, arousal -0.40)",
    ]


def test_on_a_terminal_the_moment_is_redrawn_below_the_lines():
    output = io.StringIO()
    terminal = Terminal(Console(file=output, width=100, force_terminal=True, color_system=None))
    terminal.open_picture()
    terminal.show(mood(MoodState.HAPPY))
    terminal.show(PicksMessage(picks={Kind.MUSIC: [pick("One")]}))
    terminal.say("restarted worker")
    terminal.close_picture()
    last = output.getvalue().split("restarted worker")[-1]
    assert "happy" in last
    assert pick_text(pick("One")) in last


def test_brackets_in_a_title_are_not_markup():
    output = io.StringIO()
    Terminal(Console(file=output, width=40)).show(PicksMessage(picks={Kind.MUSIC: [pick("[bold]Loud[/nothing]")]}))
    assert "[bold]Loud[/nothing]" in output.getvalue()
