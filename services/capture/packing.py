"""What is sent of a picture: a JPEG of it, or only the faces that are found in it here."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.model import FACE_SIZE_PX
from servicekit.emotion_client.frames import FaceCrop, Frame
from services.capture.drawn_face import Image
from services.capture.pacing import Encoding

CASCADE: Final = Path(cv2.__file__).with_name("data") / "haarcascade_frontalface_alt2.xml"
WINDOW_PX: Final = 20
"""What this cascade was trained on: smaller faces it cannot see."""
SMALLEST: Final = 1 / 8
"""The side of the smallest face that is sought, as a share of the picture's longer side."""
SCALE_FACTOR: Final = 1.1
NEIGHBOURS: Final = 2
MAX_FACES: Final = 4


def encode(image: Image, encoding: Encoding | None = None) -> bytes:
    """A picture as JPEG.

    Args:
        image: uint8, (height, width, 3), BGR, 0..255.
        encoding: how; by default as well as is ever useful.
    """
    wanted = encoding or Encoding()
    height, width = image.shape[:2]
    scale = min(wanted.width_px / width, wanted.height_px / height)
    if scale < 1:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, wanted.quality])[1].tobytes()


class PicturePacker:
    """Sends the picture.

    Args:
        encoding: how to encode it now.
    """

    def __init__(self, encoding: Callable[[], Encoding]) -> None:
        self._encoding = encoding

    def __call__(self, picture: Image | bytes, at: datetime) -> Frame:
        """A frame; a file that is no picture goes as it is, so that its reading says what is wrong with it."""
        return Frame(picture if isinstance(picture, bytes) else encode(picture, self._encoding()), at)


class CropPacker:
    """Finds the faces with OpenCV's Haar cascade (Viola and Jones, 2001) and sends nothing but them, the largest first.

    It searches a picture of 160 pixels: milliseconds even on a small machine. Use it from one thread at a time.
    """

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(os.fspath(CASCADE))

    def __call__(self, picture: Image | bytes, at: datetime) -> Frame:
        """A frame; a file that is no picture has no face."""
        if isinstance(picture, bytes):
            return Frame(b"", at, ())
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        return Frame(b"", at, [_cut(grey, box) for box in self._boxes(grey)])

    def _boxes(self, grey: NDArray[np.uint8]) -> Iterator[tuple[int, int, int]]:
        scale = min(1.0, WINDOW_PX / SMALLEST / max(grey.shape))
        if round(scale * min(grey.shape)) < WINDOW_PX:
            return
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = self._cascade.detectMultiScale(small, SCALE_FACTOR, NEIGHBOURS, minSize=(WINDOW_PX, WINDOW_PX))
        for x, y, side, _ in sorted(found, key=lambda box: box[2], reverse=True)[:MAX_FACES]:
            yield round(x / scale), round(y / scale), round(side / scale)


def _cut(grey: NDArray[np.uint8], box: tuple[int, int, int]) -> FaceCrop:
    x, y, side = box
    part = grey[y : y + side, x : x + side]
    face = cv2.resize(part, (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA)
    return FaceCrop(x, y, part.shape[1], part.shape[0], face.astype(np.uint8, copy=False).tobytes())
