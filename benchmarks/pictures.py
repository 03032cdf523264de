"""The frames that clients send: the drawn face, moving and changing, encoded once so that clients cost little."""

from services.capture.demo import demo_frames
from services.capture.packing import encode

CLIP_S = 52.0
"""A little longer than one round of the demo clip, with the seconds in which nobody is there."""


def clip(fps: float, seconds: float = CLIP_S) -> list[bytes]:
    """The clip as 640x480 JPEG pictures, `fps` of them a second; every one differs."""
    return [encode(image) for image in demo_frames(fps, seconds)]
