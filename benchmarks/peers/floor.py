"""The bare floor: decode, the cheapest detection, the model at batch 32, in one thread, without a network."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from benchmarks.peers.frames import Frame
from benchmarks.peers.results import Pass
from contracts.emotion import EMOTIONS
from contracts.model import FACE_SIZE_PX, LITERT_FILE

BATCH: Final = 32
CASCADE: Final = str(Path(cv2.__file__).with_name("data") / "haarcascade_frontalface_default.xml")
MIN_FACE_PX: Final = 120
MARGIN: Final = 0.25
"""How far around the last face it is sought first, in its widths."""

Grey = NDArray[np.uint8]


class _Detector:
    """Near the last face at its size where there was one, and in the whole picture where it is not found there."""

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(CASCADE)
        self._last: tuple[int, int, int] | None = None

    def crop(self, grey: Grey) -> Grey | None:
        found = self._near(grey) or self._largest(grey, 0, 0, MIN_FACE_PX, min(grey.shape))
        self._last = found
        if found is None:
            return None
        x, y, side = found
        face = cv2.resize(grey[y : y + side, x : x + side], (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA)
        return face.astype(np.uint8, copy=False)

    def _near(self, grey: Grey) -> tuple[int, int, int] | None:
        if self._last is None:
            return None
        x, y, side = self._last
        margin = round(MARGIN * side)
        left, top = max(0, x - margin), max(0, y - margin)
        part = grey[top : y + side + margin, left : x + side + margin]
        return self._largest(part, left, top, round(0.8 * side), round(1.25 * side))

    def _largest(self, part: Grey, left: int, top: int, least: int, most: int) -> tuple[int, int, int] | None:
        boxes = self._cascade.detectMultiScale(
            part, scaleFactor=1.2, minNeighbors=5, minSize=(least, least), maxSize=(most, most)
        )
        if len(boxes) == 0:
            return None
        x, y, side, _ = max(boxes, key=lambda box: box[2])
        return int(x) + left, int(y) + top, int(side)


def run(frames: Sequence[Frame], version_dir: Path) -> Pass:
    """Read the frames.

    Args:
        version_dir: of the served model, with its LiteRT form.
    """
    cv2.setNumThreads(1)
    model: Any = Interpreter(model_path=str(version_dir / LITERT_FILE), num_threads=1)
    model.resize_tensor_input(model.get_input_details()[0]["index"], (BATCH, FACE_SIZE_PX, FACE_SIZE_PX, 1))
    model.allocate_tensors()
    wall, cpu = time.perf_counter(), time.process_time()
    detector = _Detector()
    crops = [detector.crop(_decode(frame.jpeg)) for frame in frames]
    likeliest = iter(_classify(model, [crop for crop in crops if crop is not None]))
    emotions = [None if crop is None else EMOTIONS[next(likeliest)] for crop in crops]
    return Pass(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu, emotions=emotions)


def _decode(jpeg: bytes) -> Grey:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def _classify(model: Any, crops: Sequence[Grey]) -> list[int]:
    likeliest: list[int] = []
    for start in range(0, len(crops), BATCH):
        batch = np.zeros((BATCH, FACE_SIZE_PX, FACE_SIZE_PX, 1), np.uint8)
        faces = np.stack(crops[start : start + BATCH])
        batch[: len(faces), ..., 0] = faces
        model.set_tensor(model.get_input_details()[0]["index"], batch)
        model.invoke()
        rows = model.get_tensor(model.get_output_details()[0]["index"])[: len(faces)]
        likeliest += [int(index) for index in rows.argmax(axis=1)]
    return likeliest
