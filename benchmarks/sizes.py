"""`python -m benchmarks.sizes`: what a smaller picture costs in faces found and read rightly, and saves on the line.

The faces are those of FER-2013 where the data is there, else drawn, each alone in a room.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import cv2
import numpy as np
import typer
from ai_edge_litert.interpreter import Interpreter
from pydantic import BaseModel

from benchmarks.peers.frames import FACE_PX, FER2013, Frame, labelled_frames
from contracts.emotion import EMOTIONS, Emotion
from contracts.model import LITERT_FILE
from services.emotion.faces import STILL, FaceFinder, cut
from services.emotion.images import ImageLimits, Picture
from services.emotion.workload import useful_size
from standalone.settings import model_versions

SENT: Final = (640, 480)
SIZES: Final = (SENT, useful_size(SENT, FACE_PX), (240, 180), (160, 120))
QUALITIES: Final = (90, 60)
LIMITS: Final = ImageLimits(10**7, 10**7)
SEARCH: Final = STILL._replace(smallest=1 / 8)


class Figures(BaseModel):
    """Of pictures of one size and JPEG quality."""

    found_share: float
    right_share: float
    """Of all faces: found, and read as what they show."""
    bytes_each: int


class Report(BaseModel):
    """The same faces at several sizes; the second is what the service asks for, given how large the faces are."""

    faces: int
    photographs: bool
    """Drawn ones where the data is not there."""
    sizes: dict[str, Figures]


class Reader:
    """The newest model in `models/emotion`, in its form for one face."""

    def __init__(self) -> None:
        self._finder = FaceFinder()
        self._model: Any = Interpreter(model_path=str(model_versions()[-1] / LITERT_FILE), num_threads=1)
        self._model.allocate_tensors()

    def read(self, jpeg: bytes) -> Emotion | None:
        """What the largest face shows; None where there is none."""
        picture = Picture(jpeg, LIMITS)
        squares = self._finder.search(picture, SEARCH)
        if not squares:
            return None
        crop = cut(picture, squares[0]).crop
        self._model.set_tensor(self._model.get_input_details()[0]["index"], crop[None, :, :, None])
        self._model.invoke()
        return EMOTIONS[int(self._model.get_tensor(self._model.get_output_details()[0]["index"])[0].argmax())]


def figures(frames: Sequence[Frame], size: tuple[int, int], quality: int, reader: Reader) -> Figures:
    """How the faces do at a size and JPEG quality."""
    pictures = [_scaled(frame.jpeg, size, quality) for frame in frames]
    read = [reader.read(picture) for picture in pictures]
    return Figures(
        found_share=round(float(np.mean([emotion is not None for emotion in read])), 4),
        right_share=round(float(np.mean([one is frame.label for one, frame in zip(read, frames, strict=True)])), 4),
        bytes_each=round(float(np.mean([len(picture) for picture in pictures]))),
    )


def _scaled(jpeg: bytes, size: tuple[int, int], quality: int) -> bytes:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    smaller = cv2.resize(np.asarray(grey, np.uint8), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", smaller, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def main(
    faces: Annotated[int, typer.Option(min=1, help="How many faces.")] = 600,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure how well faces are found and read at several picture sizes and JPEG qualities."""
    cv2.setNumThreads(1)
    frames, reader = labelled_frames(faces, 1), Reader()
    report = Report(
        faces=faces,
        photographs=FER2013.is_file(),
        sizes={
            f"{size[0]}x{size[1]}, quality {quality}": figures(frames, size, quality, reader)
            for size in SIZES
            for quality in QUALITIES
        },
    )
    typer.echo(report.model_dump_json(indent=None if json else 2))


if __name__ == "__main__":
    typer.run(main)
