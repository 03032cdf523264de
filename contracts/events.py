"""What travels on Redis: channels, keys and the JSON events on them. Unknown fields are ignored, so that a newer
publisher never breaks an older subscriber."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from contracts.moment import Moment
from contracts.mood import Mood
from contracts.recommendation import Goal, Kind, Pick

MOODS_CHANNEL: Final = "emoverse:v1:moods"
RECOMMENDATIONS_CHANNEL: Final = "emoverse:v1:recommendations"
STOPS_CHANNEL: Final = "emoverse:v1:stops"

REVOKED_TOKENS_KEY: Final = "emoverse:v1:revoked:tokens"
"""A set of the ids (`jti`) of device tokens that are no longer good. The gateway writes it, and fills it again from its
database; it outlives every token in it."""

EMOTION_WORKERS_KEY: Final = "emoverse:v1:emotion-workers"
"""A hash of what each emotion worker has said last: "STREAMS:MOMENT:VERSION:ROOM", in seconds of Redis's clock, with 0
as the version while there is no model, and how many more streams it would take. Whoever has been silent for
`EMOTION_WORKER_SILENT_S` has gone."""
EMOTION_WORKER_SILENT_S: Final = 15.0

IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""A user's or a session's id: 1..64 of letters, digits, '.', '_' and '-', the first a letter or a digit."""


def mood_key(user_id: str) -> str:
    """Where a user's latest `MoodEvent` is kept with a time to live, for whoever missed it on the channel."""
    return f"emoverse:v1:mood:{user_id}"


def face_key(user_id: str) -> str:
    """Where emotion workers keep a user's mood and what their face looks like at rest, with a time to live."""
    return f"emoverse:v1:face:{user_id}"


def session_key(session_id: str) -> str:
    """Whose a capture session is, and which stream has it; with a time to live."""
    return f"emoverse:v1:session:{session_id}"


def person_key(user_id: str) -> str:
    """Changes with everything that a person tells; recommenders that remember what they know of them look at it."""
    return f"emoverse:v1:person:{user_id}"


def journey_key(user_id: str) -> str:
    """Where the journey that a person is on leads, a `Goal` or empty; gone when it is over."""
    return f"emoverse:v1:journey:{user_id}"


def spotify_key(user_id: str) -> str:
    """The way back that a person may take from Spotify, for minutes; the gateway's."""
    return f"emoverse:v1:spotify:{user_id}"


def queued_key(request_id: str) -> str:
    """Set for minutes after a song was queued, so that a repeat of the request is known; the gateway's."""
    return f"emoverse:v1:queued:{request_id}"


def claim_key(event_id: str) -> str:
    """Set by the one recommender that answers an event, so that several never answer it twice."""
    return f"emoverse:v1:claim:{event_id}"


def keys_of_person(user_id: str) -> list[str]:
    """Every key that holds something of a user: what has to go when they want to be forgotten."""
    return [mood_key(user_id), face_key(user_id), person_key(user_id), journey_key(user_id), spotify_key(user_id)]


class EventReason(StrEnum):
    """Why a mood was published."""

    CHANGE = "change"
    HEARTBEAT = "heartbeat"


class MoodEvent(BaseModel):
    """A person's mood, published on change and as a heartbeat."""

    event_id: Annotated[str, Field(min_length=1, max_length=64)]
    user_id: Identifier
    session_id: Identifier
    mood: Mood
    reason: EventReason
    at: Moment
    traceparent: str | None = None
    """W3C Trace Context of the frame behind it, where that is traced."""


class RecommendationsEvent(BaseModel):
    """Fresh picks of every kind for a person, published when their mood or what is known about them has changed."""

    event_id: Annotated[str, Field(min_length=1, max_length=64)]
    user_id: Identifier
    mood: Mood | None = None
    goal: Goal
    picks: dict[Kind, list[Pick]]
    at: Moment
    traceparent: str | None = None
    """W3C Trace Context of the ranking, where that is traced; it goes on from the mood or the call behind it."""


class StopReason(StrEnum):
    """Why a person's streams must end."""

    WITHDRAWN = "withdrawn"
    """They no longer agree to be looked at."""
    REVOKED = "revoked"
    """They took a device's token back, or all of them."""
    DELETED = "deleted"
    """They are to be forgotten."""


class StopEvent(BaseModel):
    """A person's open streams must end now, wherever they are."""

    event_id: Annotated[str, Field(min_length=1, max_length=64)]
    user_id: Identifier
    reason: StopReason
    token_id: str | None = None
    """Only streams that were opened with this token; None: all."""
