"""Moments as they are read from elsewhere."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

YEARS: Final = (1970, 9000)
"""Outside of them, adding hours or days to a moment might fail."""


def _usable(moment: datetime) -> datetime:
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise ValueError(f"not between the years {YEARS[0]} and {YEARS[1]}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_usable)]
"""Aware, in UTC, and far enough from the ends of the calendar to reckon with."""
