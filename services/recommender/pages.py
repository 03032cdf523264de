"""Page tokens: all that it takes to make the same list again and go on with it, by any recommender."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from contracts.moment import Moment
from contracts.mood import Mood
from contracts.recommendation import Goal
from servicekit.errors import InvalidInputError

MAX_DEPTH: Final = 1000
"""Picks of one list, over all its pages."""
MAX_TOKEN_CHARACTERS: Final = 2000
INVALID: Final = "invalid_page"


class Page(BaseModel):
    """Where a list goes on."""

    offset: int = Field(ge=0, le=MAX_DEPTH)
    """Picks before it."""
    sitting_at: Moment
    as_of: Moment
    """What was told later does not change the order any more."""
    goal: Goal
    mood: Mood | None
    request: int
    """A digest of what was asked for, which must not change from page to page."""

    def token(self) -> str:
        """For the next request."""
        return urlsafe_b64encode(self.model_dump_json().encode()).decode()


def parse_page(token: str) -> Page | None:
    """The page that a token stands for; None for an empty one.

    Raises:
        InvalidInputError: it is none of ours.
    """
    if not token:
        return None
    try:
        return Page.model_validate_json(urlsafe_b64decode(token[: MAX_TOKEN_CHARACTERS + 1]))
    except ValueError as error:
        raise InvalidInputError(
            "This is no page token.", "Send next_page_token as it came, or none for the first page.", code=INVALID
        ) from error


def require_same(page: Page, request: int, oldest_sitting: datetime) -> None:
    """Return if the page belongs to this request, and is not too old.

    Raises:
        InvalidInputError: it does not, or is.
    """
    if page.request != request:
        raise InvalidInputError(
            "The page token belongs to another request.", "Repeat the request as it was.", code=INVALID
        )
    if page.sitting_at < oldest_sitting:
        raise InvalidInputError(
            "The page token is too old.", "Ask for the first page again, without a token.", code="page_expired"
        )
