"""`python -m benchmarks.model_calls`: what a call of the model server costs both sides, by the faces in it."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Final

import numpy as np
import psutil
import typer

from contracts.model import FACE_SIZE_PX
from servicekit.background import in_background
from servicekit.grpc_channel import open_channel
from servicekit.logs import configure_logging
from services.emotion.model import EmotionModel
from standalone.ports import LOOPBACK, free_ports

BATCHES: Final = (1, 2, 3, 5, 8, 16)
FACES: Final = 240
"""In each pass."""
PASSES: Final = 4
READY_TIMEOUT_S: Final = 180.0
TIMEOUT_S: Final = 10.0


def main(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False) -> None:
    """Measure; milliseconds of processor time a face, the least of several passes."""
    configure_logging("benchmarks", "ERROR")
    typer.echo(json.dumps(asyncio.run(_measure()), indent=None if as_json else 2))


async def _measure() -> dict[int, dict[str, float]]:
    async with _model_server() as (server, address), open_channel(address) as channel:
        ready = asyncio.Event()

        async def on_change(_usable: bool) -> None:
            ready.set()

        model = EmotionModel(channel, address, TIMEOUT_S, 1.0, on_change)
        async with in_background(model.watch()):
            await asyncio.wait_for(ready.wait(), READY_TIMEOUT_S)
            return {faces: await _least(model, server, faces) for faces in BATCHES}


@asynccontextmanager
async def _model_server() -> AsyncGenerator[tuple[psutil.Process, str]]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "standalone.model_server"]
    environment = os.environ | {"MODEL_SERVER_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=DEVNULL)
    try:
        yield psutil.Process(process.pid), f"{LOOPBACK}:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _least(model: EmotionModel, server: psutil.Process, faces: int) -> dict[str, float]:
    passes = [await _one_pass(model, server, faces) for _ in range(PASSES)]
    here, there = (round(min(each), 3) for each in zip(*passes, strict=True))
    return {"emotion": here, "model server": there}


async def _one_pass(model: EmotionModel, server: psutil.Process, faces: int) -> tuple[float, float]:
    batch, calls = [np.full((FACE_SIZE_PX, FACE_SIZE_PX), 128, np.uint8)] * faces, FACES // faces
    here, there = time.process_time(), _cpu_s(server)
    for _ in range(calls):
        await model.predict(batch)
    per_face = 1000 / (calls * faces)
    return per_face * (time.process_time() - here), per_face * (_cpu_s(server) - there)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    typer.run(main)
