"""A running system on PostgreSQL, and people who stream to it and write to it, behind a line that can be spoiled."""

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import stamina

from contracts.recommendation import Kind
from tests.chaos.wire import Wire
from tests.chaos.writers import Writer
from tests.people import Person, Streamer
from tests.postgresql import PostgreSQL, postgresql
from tests.running import Stack, running_stack

WAITED_FOR_S: Final = 60.0
TOKEN_SECRET: Final = "chaos-" * 8


@dataclass(frozen=True)
class Crowd:
    """Everybody who is there."""

    stack: Stack
    database: PostgreSQL
    wires: Sequence[Wire]
    streamers: Sequence[Streamer]
    writers: Sequence[Writer]
    imports: Path
    """Where the workers look for files to import."""

    @property
    def gateway_url(self) -> str:
        """Over the line that can be spoiled."""
        return f"http://{self.wires[1].address}"

    @property
    def redis_url(self) -> str:
        """Of the system's Redis."""
        return self.stack.part("gateway").environ()["REDIS_URL"]

    def finish(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """Have them stop writing; returns how many writes were acknowledged, what of that is not kept as it was
        acknowledged, and what else should not have happened."""
        acknowledged, wrong, findings = Counter[str](), Counter[str](), Counter[str]()
        for writer in self.writers:
            writer.stop()
        for writer in self.writers:
            writer.finish()
            acknowledged += writer.acknowledged()
            wrong += writer.compare()
            findings += writer.findings
        findings += Counter({"a capture client gave up": sum(each.has_failed for each in self.streamers)})
        return acknowledged, wrong, findings


@contextmanager
def crowd(programs: Path, streams: int, writers: int, seed: int) -> Generator[Crowd]:
    """A crowd that is at work, while open.

    Args:
        programs: PostgreSQL's.
        seed: of what they write.
    """
    stamina.instrumentation.set_on_retry_hooks([])
    # So that whoever is asked to end takes the database and the stack along.
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as at_end:
        folder = Path(at_end.enter_context(tempfile.TemporaryDirectory(prefix="emoverse-crowd-")))
        database = at_end.enter_context(postgresql(programs))
        urls = {"DATABASE_URL": database.url, "GATEWAY_DATABASE_URL": database.url}
        (imports := folder / "imports").mkdir()
        known = {"TOKEN_SECRET": TOKEN_SECRET, "RECOMMENDER_IMPORT_FOLDER": str(imports)}
        stack = at_end.enter_context(running_stack(folder, urls | known))
        emotion = at_end.enter_context(Wire(stack.emotion_address))
        gateway = at_end.enter_context(Wire(stack.gateway_url.removeprefix("http://")))
        people = [Person(f"http://{gateway.address}", f"10.0.0.{n}") for n in range(streams + writers)]
        items = [pick["item"]["id"] for kind in Kind for pick in people[0].picks(kind)]
        streamers: list[Streamer] = []
        for person in people[:streams]:
            streamers.append(Streamer(person.user_id, person.token, emotion.address, folder / f"{person.user_id}.log"))
            at_end.callback(streamers[-1].close)
        writing = [Writer(person, items, seed + n) for n, person in enumerate(people[streams:])]
        resumed([*streamers, *writing], time.monotonic())
        yield Crowd(stack, database, (emotion, gateway), streamers, writing, imports)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def resumed(each: Sequence[Streamer | Writer], moment_s: float) -> float:
    """How long after a moment the last of them had its first answer; infinite if that took too long."""
    first: dict[int, float] = {}
    end_s = time.monotonic() + WAITED_FOR_S
    while len(first) < len(each) and time.monotonic() < end_s:
        for index, one in enumerate(each):
            if index not in first and one.last_s > moment_s:
                first[index] = one.last_s - moment_s
        time.sleep(0.02)
    return max(first.values()) if len(first) == len(each) else float("inf")
