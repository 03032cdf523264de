"""A journey: a list that starts where the person is and walks to where they want to be.

This is the iso-principle of music therapy: music first meets a mood, then leads it (Altshuler, "A psychiatrist's
experience with music as a therapeutic agent", in Schullian and Schoen (eds.), "Music and Medicine", 1948). In people
made sad by a film, sad music and then happy music was followed by a higher valence than any other order of two pieces,
though not every difference was significant (Starcke, Mayr and von Georgi, International Journal of Environmental
Research and Public Health 18(23), 2021).
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.emotion import Affect
from services.recommender.core.selection import Course

Numbers = npt.NDArray[Any]

STEP_DISTANCE: Final = 0.2
"""In the valence-arousal plane, from where a step should be: there, its fit is a half."""
MIN_TRAVEL: Final = 0.1
"""Along one axis: over less, nobody would notice a turn."""


def waypoints(start: Affect, end: Affect, steps: int) -> Numbers:
    """Equal strides on the straight line from where the person is to where they want to be, both included: (steps, 2).

    One step alone is the end.
    """
    share = np.linspace(0.0, 1.0, steps)[:, None] if steps > 1 else np.ones((1, 1))
    return np.array(start) + share * (np.array(end) - np.array(start))


def course(affect: Numbers, points: Numbers, weight: Numbers) -> Course:
    """How items at these places, (r, 2), suit the steps of a walk through these points, (steps, 2).

    Args:
        weight: of a perfect fit of each, (r,).
    """
    distance = np.linalg.norm(affect[None] - points[:, None], axis=2)
    travel = points[-1] - points[0]
    axes = np.flatnonzero(np.abs(travel) >= MIN_TRAVEL)
    along = np.column_stack([affect[:, axes] * np.sign(travel[axes]), affect @ travel])
    return Course(fit=weight / (1.0 + (distance / STEP_DISTANCE) ** 2), along=along)
