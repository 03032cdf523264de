"""`python -m standalone`: the whole system as processes of this machine, until Ctrl-C."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from servicekit.errors import EmoVerseError
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from standalone.app import run
from standalone.foreground import foreground_group
from standalone.settings import ROOT, StackSettings
from standalone.terminal import Terminal


def main(
    demo: Annotated[bool, typer.Option(help="Stream a drawn face, and show its moods and picks.")] = True,
    data_dir: Annotated[Path, typer.Option(help="Where this run keeps its files.")] = ROOT / ".run",
) -> None:
    """Start every part of EmoVerse on this machine; Ctrl-C stops them all."""
    settings = load_settings(StackSettings)
    configure_logging("standalone", "ERROR")
    terminal = Terminal(Console(highlight=False))
    try:
        with foreground_group():
            asyncio.run(run(settings, data_dir.resolve(), demo, terminal))
    except EmoVerseError as error:
        terminal.say(f"failed    {error.message}\n{error.advice}")
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
