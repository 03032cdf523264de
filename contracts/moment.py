"""Moments as they are read from elsewhere."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

YEARS: Final = (1970, 9000)
"""Outside of them, adding hours or days to a moment might fail."""


def _written_out(moment: object) -> object:
    # Pydantic would take seconds since 1970 as well, which no interface of ours offers.
    if isinstance(moment, datetime) or (isinstance(moment, str) and "T" in moment):
        return moment
    raise ValueError("not a date and time: write it as 2026-01-31T12:00:00Z")


def _usable(moment: datetime) -> datetime:
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise ValueError(f"not between the years {YEARS[0]} and {YEARS[1]}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_usable)]
"""Written as RFC 3339 has it; aware, in UTC, and far enough from the ends of the calendar to reckon with."""
