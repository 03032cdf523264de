"""The vocabulary of recommendations, and the shape of a pick as every service and client sees it.

`Item`, `Pick` and `Cluster` mirror the messages of the same names in
protos/emoverse/v1/recommender.proto field by field.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field


class Kind(StrEnum):
    """What can be recommended."""

    MUSIC = "music"
    MOVIE = "movie"
    GAME = "game"
    WELLBEING = "wellbeing"


class Goal(StrEnum):
    """What the recommendations should do to the mood."""

    MATCH = "match"
    LIFT = "lift"
    CALM = "calm"
    FOCUS = "focus"


class FeedbackAction(StrEnum):
    """What a person did with, or said about, an item."""

    LIKE = "like"
    DISLIKE = "dislike"
    SKIP = "skip"
    PLAY = "play"
    FINISH = "finish"
    SAVE = "save"


UnitInterval = Annotated[float, Field(ge=0, le=1)]
SignedUnit = Annotated[float, Field(ge=-1, le=1)]


class Item(BaseModel):
    """Something to recommend."""

    id: str
    kind: Kind
    title: str
    creators: list[str] = []
    year: int | None = None
    genres: list[str] = []
    tags: list[str] = []
    rating: Annotated[float, Field(ge=0, le=10)] | None = None
    valence: SignedUnit = 0.0
    arousal: SignedUnit = 0.0
    cluster: str = ""
    """The name of a song's cluster; empty for other kinds and before the first computation."""
    duration_min: int | None = None
    steps: list[str] = []
    external_ids: dict[str, str] = {}
    """By provider: "imdb", "spotify", "steam"."""


class Pick(BaseModel):
    """An item chosen for a person and a mood."""

    item: Item
    score: float
    reasons: list[str] = []
    """Sentences for the person, from the true parts of the score."""


class Cluster(BaseModel):
    """Songs that sound alike, named by where their centre lies in the valence-arousal plane."""

    name: str
    valence: SignedUnit
    arousal: SignedUnit
    size: int
    emotions: list[str] = []
    """The emotions it suits, the best first."""
