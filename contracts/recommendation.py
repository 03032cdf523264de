"""The vocabulary of recommendations, and the shape of a pick as every service and client sees it.

`Item`, `Pick`, `Reason`, `Cluster` and `ConsideredCount` mirror the messages of the same names in
protos/emoverse/v1/recommender.proto field by field.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field

from contracts import kinds
from contracts.traits import Traits

MAX_ITEM_ID: Final = 200
"""Characters of an item's id."""


def _traits_by_name() -> dict[str, Traits]:
    names = [module.name for module in iter_modules(kinds.__path__)]
    found: dict[str, Traits] = {name: import_module(f"{kinds.__name__}.{name}").TRAITS for name in names}
    return dict(sorted(found.items(), key=lambda each: each[1].place))


_TRAITS: Final = _traits_by_name()

if TYPE_CHECKING:

    class Kind(StrEnum):
        """What can be recommended; a type checker knows only those kinds that code names."""

        MUSIC = "music"
        MOVIE = "movie"
        GAME = "game"
        WELLBEING = "wellbeing"

else:
    Kind = StrEnum("Kind", {name.upper(): name for name in _TRAITS}, module=__name__)
    Kind.__doc__ = "What can be recommended."

TRAITS: Final[Mapping[Kind, Traits]] = {Kind(name): traits for name, traits in _TRAITS.items()}
"""What is peculiar to each kind, in the order of their places."""


EVERY_KIND: Final = "all"
"""Asks for one list of all kinds."""


class Goal(StrEnum):
    """What the recommendations should do to the mood."""

    MATCH = "match"
    LIFT = "lift"
    CALM = "calm"
    FOCUS = "focus"
    JOURNEY = "journey"
    """From where the person is to where they want to be, step by step."""


class FeedbackAction(StrEnum):
    """What a person did with, or said about, an item."""

    LIKE = "like"
    DISLIKE = "dislike"
    SKIP = "skip"
    PLAY = "play"
    FINISH = "finish"
    SAVE = "save"
    RATE = "rate"
    """With a rating, 0..10."""
    NOT_NOW = "not_now"
    """Keeps it away for a while and says nothing about taste; a dislike keeps it away for good."""


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
    votes: int | None = None
    """That the rating rests on."""
    emotions: dict[str, UnitInterval] = {}
    """The affinity with each of the seven emotions."""
    sources: dict[str, str] = {}
    """What each number rests on: "valence", "arousal", "emotions"."""


class TasteWord(StrEnum):
    """What a person may say of something that items have in common, such as a genre."""

    MORE = "more"
    LESS = "less"


class ReasonCode(StrEnum):
    """What a reason for a pick says, and what `Reason.about` then holds."""

    LIKED_ALIKE = "liked_alike"
    """group, value: what it shares with items the person spoke well of; action, kind, many ("true" or "false")."""
    ASKED_FOR = "asked_for"
    """group, value: what the person asked for more of."""
    FEELS = "feels"
    """pleasantness, energy; purpose: a goal, "near" or "step" on a journey, or empty."""
    GOOD_WHEN = "good_when"
    """emotion."""
    RATED = "rated"
    """rating, 0..10; source: "imdb" or empty."""
    SERVES = "serves"
    """term: a genre or tag; goal."""
    TRIED_OUT = "tried_out"
    MET_BEFORE = "met_before"
    NEAREST_LEFT = "nearest_left"
    """pleasantness, energy."""


class Reason(BaseModel):
    """A reason for a pick, for whoever words it in another language."""

    code: ReasonCode
    about: dict[str, str] = {}
    """What its sentence speaks of, by what it is; see `ReasonCode`."""


class Pick(BaseModel):
    """An item chosen for a person and a mood."""

    item: Item
    score: float
    reasons: list[str] = []
    """Sentences for the person, from the true parts of the score."""
    propensity: UnitInterval | None = None
    """About how probable chance made this pick; None where chance had no part, or it is not known."""
    why: list[Reason] = []
    """The same as `reasons`, one for one."""


class Cluster(BaseModel):
    """Items that sound alike, named by where their centre lies in the valence-arousal plane."""

    name: str
    valence: SignedUnit
    arousal: SignedUnit
    size: int
    emotions: list[str] = []
    """The emotions it suits, the best first."""
    centre: dict[str, float] = {}
    """The mean of each audio feature, in the units of the features' source."""


class ConsideredCount(BaseModel):
    """A number of clusters that was tried."""

    count: int
    silhouette: SignedUnit
    stability: float
    """At most 1; the share beyond chance that is found again in parts of the items."""


class ClusterReport(BaseModel):
    """A computation of the clusters of a kind; without clusters before the first one."""

    version: int = 0
    """Rises with every computation."""
    computed_at: datetime | None = None
    clusters: list[Cluster] = []
    """The largest first."""
    features: list[str] = []
    """The audio features that tell the clusters apart."""
    silhouette: SignedUnit = 0.0
    stability: float = 0.0
    considered: list[ConsideredCount] = []
    explained_variance: list[UnitInterval] = []
    """The share of each principal component that was kept, the greatest first."""
