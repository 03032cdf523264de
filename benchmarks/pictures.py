"""The frames that clients send: the drawn face, moving and changing, encoded once so that clients cost little."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.capture.demo import demo_frames
from services.capture.pacing import Encoding
from services.capture.packing import encode

CLIP_S = 52.0
"""A little longer than one round of the demo clip, with the seconds in which nobody is there."""
WIDTHS_PX: Final = (320, 480, 640)
"""Of the pictures; they are three quarters as high."""

Clips = Mapping[int, Sequence[bytes]]
"""The same pictures, by their width."""


def clips(fps: float, seconds: float = CLIP_S) -> Clips:
    """The clip as JPEG pictures, `fps` of them a second, in each width; every one differs."""
    made: dict[int, list[bytes]] = {width: [] for width in WIDTHS_PX}
    for image in demo_frames(fps, seconds):
        for width, pictures in made.items():
            pictures.append(encode(image, Encoding(width, width)))
    return made


def width_for(useful_px: int) -> int:
    """The smallest width that is at least what the server calls useful; 0: it has no wish."""
    return next((width for width in WIDTHS_PX if useful_px and width >= useful_px), WIDTHS_PX[-1])
