"""What comes back from the model."""

from typing import NamedTuple


class Prediction(NamedTuple):
    """What the model reads in one face."""

    probabilities: tuple[float, ...]
    """Seven numbers in 0..1 in the order of `EMOTIONS`, summing to 1."""
    uncertain_below: float
    """0..1: below this highest probability the served version calls its reading uncertain."""
