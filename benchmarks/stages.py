"""`python -m benchmarks.stages`: what each step of reading a frame costs on its own, in processor time.

Processor time is counted, not the clock, and the least of several passes is told: others on the machine matter little.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import cv2
import numpy as np
import typer
from ai_edge_litert.interpreter import Interpreter

from benchmarks.pictures import WIDTHS_PX, clips
from contracts.model import FACE_SIZE_PX, LITERT_FILE
from services.capture.demo import demo_frames
from services.capture.pacing import Encoding
from services.capture.packing import CropPacker, encode
from services.emotion.faces import LIVE, NEWCOMERS, FaceFinder
from services.emotion.following import FaceFollower
from services.emotion.images import ImageLimits, Picture
from standalone.settings import model_versions

FPS: Final = 5.0
PASSES: Final = 5
LIMITS: Final = ImageLimits(8 * 2**20, 16_000_000)
PICTURES: Final = 40
"""For steps that cost the same with every picture; following needs the whole clip."""


def main(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure every step; milliseconds a frame."""
    cv2.setNumThreads(1)
    by_width = clips(FPS)
    costs = {
        "decode, whole": _by_width(by_width, lambda jpegs: _decoding(jpegs, 1)),
        "decode, four times smaller": _by_width(by_width, lambda jpegs: _decoding(jpegs, 4)),
        "search the whole picture": _by_width(by_width, _searching),
        "search it without the known face": _by_width(by_width, _searching_the_rest),
        "follow, decoding included": _by_width(by_width, _following),
        "read one face, LiteRT": _reading(),
        "capture: encode": {width: _encoding(width) for width in WIDTHS_PX},
        "capture: find faces to crop": _cropping(),
    }
    typer.echo(json.dumps(costs, indent=None if as_json else 2))


def _by_width(by_width: Mapping[int, Sequence[bytes]], measure: Callable[[Sequence[bytes]], float]) -> dict[int, float]:
    return {width: measure(jpegs) for width, jpegs in by_width.items()}


def _cpu_ms(work: Callable[[], object], times: int) -> float:
    """Of one of `times` things that `work` does."""
    least = float("inf")
    for _ in range(PASSES):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
    return round(1000 * least / times, 3)


def _decoding(jpegs: Sequence[bytes], reduced: int) -> float:
    some = jpegs[:PICTURES]
    return _cpu_ms(lambda: [Picture(jpeg, LIMITS).grey(reduced) for jpeg in some], len(some))


def _searching(jpegs: Sequence[bytes]) -> float:
    finder, pictures = FaceFinder(), [Picture(jpeg, LIMITS) for jpeg in jpegs[:PICTURES]]
    return _cpu_ms(lambda: [finder.search(picture, LIVE) for picture in pictures], len(pictures))


def _searching_the_rest(jpegs: Sequence[bytes]) -> float:
    finder, pictures = FaceFinder(), [Picture(jpeg, LIMITS) for jpeg in jpegs[:PICTURES]]
    known = [finder.search(picture, LIVE) for picture in pictures]
    both = list(zip(pictures, known, strict=True))
    return _cpu_ms(lambda: [finder.search(picture, NEWCOMERS, faces) for picture, faces in both], len(both))


def _following(jpegs: Sequence[bytes]) -> float:
    finder = FaceFinder()

    def follow() -> None:
        follower = FaceFollower(finder)
        for index, jpeg in enumerate(jpegs):
            follower.look(Picture(jpeg, LIMITS), index / FPS)

    return _cpu_ms(follow, len(jpegs))


def _reading() -> float:
    model: Any = Interpreter(model_path=str(model_versions()[-1] / LITERT_FILE), num_threads=1)
    model.allocate_tensors()
    face = np.full((1, FACE_SIZE_PX, FACE_SIZE_PX, 1), 128, np.uint8)
    model.set_tensor(model.get_input_details()[0]["index"], face)
    return _cpu_ms(lambda: [model.invoke() for _ in range(PICTURES)], PICTURES)


def _encoding(width: int) -> float:
    images = list(demo_frames(FPS, PICTURES / FPS))
    return _cpu_ms(lambda: [encode(image, Encoding(width, width)) for image in images], len(images))


def _cropping() -> float:
    pack, images, now = CropPacker(), list(demo_frames(FPS, PICTURES / FPS)), datetime.now(UTC)
    return _cpu_ms(lambda: [pack(image, now) for image in images], len(images))


if __name__ == "__main__":
    typer.run(main)
