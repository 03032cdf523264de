"""`python -m benchmarks.peers`: our pipeline, `fer`, `deepface` and the bare floor, one after the other."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks.peers import floor, ours, packages
from benchmarks.peers.frames import Frame, labelled_frames
from benchmarks.peers.results import PeerReport, Skipped, report
from benchmarks.targets import open_target
from servicekit.errors import ConfigurationError, EmoVerseError
from standalone.settings import model_versions


class PeersReport(BaseModel):
    """Every contender's figures."""

    frames: int
    ours: PeerReport
    fer: PeerReport | Skipped
    deepface: PeerReport | Skipped
    floor: PeerReport


def main(
    faces: Annotated[int, typer.Option(min=2, help="Different faces.")] = 100,
    frames_per_face: Annotated[int, typer.Option(min=1, help="Frames in which each is seen.")] = 10,
    streams: Annotated[
        int, typer.Option(min=1, help="People whom our pipeline reads at once; the others know one.")
    ] = 8,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT of a running emotion service; by default 127.0.0.1:50051 if it runs.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Compare frames a second, processor time a frame, faces found and accuracy."""
    frames = labelled_frames(faces, frames_per_face)
    try:
        compared = compare(frames, server, streams)
    except EmoVerseError as error:
        sys.exit(str(error))
    typer.echo(compared.model_dump_json(indent=None if json else 2))


def compare(frames: Sequence[Frame], server: str | None, streams: int) -> PeersReport:
    """Let each read the frames, alone on the machine as far as we can tell.

    Raises:
        UnavailableError: our own stack did not come up, or nothing listens at `server`.
    """
    fer, deepface = _package(packages.FER, frames), _deepface(frames)
    return PeersReport(
        frames=len(frames),
        fer=fer,
        deepface=deepface,
        floor=report(floor.run(frames, model_versions()[-1]), frames),
        ours=asyncio.run(_ours(frames, server, streams)),
    )


async def _ours(frames: Sequence[Frame], server: str | None, streams: int) -> PeerReport:
    async with open_target(server) as target:
        return report(await ours.run(frames, target, streams), frames)


def _package(package: packages.Package, frames: Sequence[Frame]) -> PeerReport | Skipped:
    try:
        return report(packages.run(package, frames), frames)
    except ConfigurationError as error:
        return Skipped(skipped=str(error))


def _deepface(frames: Sequence[Frame]) -> PeerReport | Skipped:
    weights = packages.deepface_weights()
    if not weights.is_file():
        return Skipped(
            skipped=f"its emotion weights are in no package, only among its author's releases, and not at {weights}"
        )
    return _package(packages.DEEPFACE, frames)


if __name__ == "__main__":
    typer.run(main)
