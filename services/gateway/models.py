"""The bodies of the HTTP interface. Items, picks and clusters are those of `contracts.recommendation`."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from contracts.emotion import EMOTIONS, Emotion
from contracts.events import Identifier, MoodEvent, RecommendationsEvent
from contracts.mood import Mood, MoodState
from contracts.recommendation import (
    EVERY_KIND,
    MAX_ITEM_ID,
    FeedbackAction,
    Goal,
    Kind,
    SignedUnit,
    TasteWord,
    UnitInterval,
)
from contracts.traits import Traits
from services.gateway.links import ItemView, PickView
from services.gateway.request_body import RequestBody

ItemId = Annotated[str, StringConstraints(pattern=rf"^[^\s\x00-\x1f\x7f]{{1,{MAX_ITEM_ID}}}$")]
"""1..`MAX_ITEM_ID` characters without spaces or control characters."""

IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
"""1..128 visible ASCII characters."""

IdempotencyHeader = Annotated[
    IdempotencyKey | None,
    Header(alias="Idempotency-Key", description="Repeating a write with its key changes nothing; by default a new one"),
]


# PostgreSQL stores no NUL character.
FeatureName = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,1000}$")]
ReviewText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000, pattern=r"^[^\x00]+$")]


_MOOD_EXAMPLE: Final[dict[str, JsonValue]] = {
    "state": "happy",
    "probabilities": {
        "angry": 0.01,
        "disgust": 0.0,
        "fear": 0.01,
        "happy": 0.84,
        "sad": 0.02,
        "surprise": 0.04,
        "neutral": 0.08,
    },
    "valence": 0.68,
    "arousal": 0.46,
    "confidence": 0.84,
    "since": "2026-01-01T12:00:00Z",
}
_PICK_EXAMPLE: Final[dict[str, JsonValue]] = {
    "item": {
        "id": "music:example",
        "kind": "music",
        "title": "An Example",
        "creators": ["Somebody"],
        "year": 1999,
        "genres": ["pop"],
        "valence": 0.7,
        "arousal": 0.4,
        "cluster": "bright and lively",
        "links": [
            {
                "purpose": "search",
                "provider": "Spotify",
                "url": "https://open.spotify.com/search/An%20Example%20Somebody",
            }
        ],
    },
    "score": 0.91,
    "reasons": ["It is as cheerful as you look."],
}


class MoodView(BaseModel):
    """A person's state over seconds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MOOD_EXAMPLE]})

    state: MoodState
    probabilities: dict[Emotion, UnitInterval]
    """By emotion, averaged over time, summing to 1; empty while nobody is seen."""
    valence: Annotated[SignedUnit, Field(description="-1 unpleasant .. 1 pleasant")]
    arousal: Annotated[SignedUnit, Field(description="-1 sleepy .. 1 activated")]
    confidence: Annotated[UnitInterval, Field(description="The highest probability")]
    since: Annotated[datetime, Field(description="When this state began, UTC")]

    @classmethod
    def of(cls, mood: Mood) -> Self:
        """The mood with its probabilities by name."""
        named = dict(zip(EMOTIONS, mood.probabilities, strict=True)) if mood.probabilities else {}
        return cls.model_validate(mood.model_dump() | {"probabilities": named})


class UserMood(BaseModel):
    """A person's latest mood."""

    user_id: Identifier
    mood: MoodView
    at: Annotated[datetime, Field(description="When it was published, UTC")]

    @classmethod
    def of(cls, event: MoodEvent) -> Self:
        """The mood an event carries."""
        return cls(user_id=event.user_id, mood=MoodView.of(event.mood), at=event.at)


class MoodNoteView(BaseModel):
    """The last mood that was seen of a person in a minute."""

    at: Annotated[datetime, Field(description="The beginning of the minute, UTC")]
    state: MoodState
    valence: SignedUnit
    arousal: SignedUnit


class KindView(BaseModel):
    """A kind of item, and what to call it."""

    kind: Kind
    title: Annotated[str, Field(description="Of a list of them", examples=["Movies"])]
    singular: Annotated[str, Field(examples=["film"])]
    plural: Annotated[str, Field(examples=["films"])]
    links: Annotated[
        dict[str, str],
        Field(
            description="By provider, the address of an item there, with {} in place of its external id",
            examples=[{"imdb": "https://www.imdb.com/title/{}/"}],
        ),
    ]

    @classmethod
    def of(cls, kind: Kind, traits: Traits) -> Self:
        """The words and addresses among a kind's traits."""
        singular, plural = traits.nouns
        return cls(kind=kind, title=traits.title, singular=singular, plural=plural, links=dict(traits.links))


if TYPE_CHECKING:
    AnyKind = str
else:
    AnyKind = StrEnum("AnyKind", {**{kind.name: kind.value for kind in Kind}, "ALL": EVERY_KIND})
    AnyKind.__doc__ = "A kind, or one list of all."


class Wanted(BaseModel):
    """What picks are asked for."""

    kind: Annotated[AnyKind, Field(description="What to recommend: a kind, or one list of all", examples=["music"])]
    count: Annotated[int, Field(ge=1, le=100, description="At most this many")] = 10
    goal: Annotated[Goal | None, Field(description="What they should do to the mood; by default it depends")] = None
    destination: Annotated[
        Literal["lift", "calm", "focus"] | None,
        Field(description="Where a journey leads; by default it depends on the mood"),
    ] = None
    mood: Annotated[MoodState | None, Field(description="Rank for this mood; by default the person's latest")] = None
    exclude: Annotated[list[ItemId], Field(max_length=100, description="Items to leave out")] = []
    page_token: Annotated[
        str, Field(max_length=2000, description="next_page_token of an earlier answer to the same request")
    ] = ""


class Recommendations(BaseModel):
    """Picks of one kind or of all, the best first, or in the order of a journey."""

    user_id: Identifier
    kind: AnyKind
    goal: Goal
    mood: Annotated[MoodView | None, Field(description="The mood they were ranked for; null when none is known")]
    picks: Annotated[list[PickView], Field(examples=[[_PICK_EXAMPLE]])]
    next_page_token: Annotated[str | None, Field(description="Asks for what follows; null where nothing does")] = None


class LiveRecommendations(BaseModel):
    """Picks of every kind, the best first."""

    user_id: Identifier
    mood: MoodView | None
    goal: Goal
    picks: Annotated[dict[Kind, list[PickView]], Field(examples=[{"music": [_PICK_EXAMPLE]}])]
    at: datetime

    @classmethod
    def of(cls, event: RecommendationsEvent) -> Self:
        """The picks an event carries."""
        return cls(
            user_id=event.user_id,
            mood=MoodView.of(event.mood) if event.mood else None,
            goal=event.goal,
            picks={kind: list(map(PickView.of, picks)) for kind, picks in event.picks.items()},
            at=event.at,
        )


class Notice(BaseModel):
    """Something the reader of a live channel should know about the channel itself."""

    code: Annotated[str, Field(examples=["redis_unavailable"])]
    detail: str
    advice: str
    final: Annotated[bool, Field(description="The channel ends here; connect again")] = False


class FeedbackRequest(RequestBody):
    """What a person did with, or said about, an item."""

    item_id: Annotated[ItemId, Field(examples=["music:example"])]
    action: FeedbackAction
    progress: Annotated[
        UnitInterval | None, Field(description="With play, skip and finish: how far they were in the item")
    ] = None
    rating: Annotated[float | None, Field(ge=0, le=10, description="With rate, which needs it")] = None


class SaidView(BaseModel):
    """What a person last said of an item."""

    item: ItemView
    action: FeedbackAction
    occurred_at: datetime
    rating: float | None = None
    idempotency_key: Annotated[str, Field(description="DELETE .../feedback/{key} takes it back")]


class SaidPage(BaseModel):
    """The newest first."""

    said: list[SaidView]
    next_page_token: Annotated[str | None, Field(description="Asks for what follows; null where nothing does")] = None


class SaidQuery(BaseModel):
    """Which part of what was said is asked for."""

    action: Annotated[
        list[Literal[FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE, FeedbackAction.RATE]],
        Field(max_length=4, description="Only these; by default all"),
    ] = []
    count: Annotated[int, Field(ge=1, le=100)] = 20
    page_token: Annotated[str, Field(max_length=20, description="next_page_token of an earlier answer")] = ""


class BeliefView(BaseModel):
    """What is believed of somebody's liking for something that items have in common."""

    group: Annotated[str, Field(description="creator, genre, tag, cluster or feel")]
    value: str
    liking: Annotated[
        float, Field(description="About -1..1: what it adds to the appeal of the items it was learned from")
    ]
    because: Annotated[list[SaidView], Field(description="What it was learned from; taking it back corrects it")]
    word: Annotated[TasteWord | None, Field(description="What the person says of it; null: nothing")] = None


class TasteView(BaseModel):
    """What is believed about a person's taste: what they have spoken of, then the strongest first."""

    beliefs: list[BeliefView]
    learned_from: Annotated[int, Field(description="Items")]


class TasteCorrection(RequestBody):
    """A person's word on something that items have in common."""

    group: Annotated[FeatureName, Field(examples=["genre"])]
    value: Annotated[FeatureName, Field(examples=["jazz"])]
    word: Annotated[TasteWord | None, Field(description="null takes back what was said", examples=["less"])]


class MoodCorrection(RequestBody):
    """A person's word on the mood they are in."""

    mood: Annotated[Emotion, Field(examples=["sad"])]


class ReviewRequest(RequestBody):
    """What a person wrote about an item."""

    item_id: Annotated[ItemId, Field(examples=["movie:example"])]
    text: Annotated[ReviewText, Field(examples=["Warm, funny, and over too soon."])]


class Accepted(BaseModel):
    """A write that is in the database."""

    duplicate: Annotated[bool, Field(description="This key was accepted before; nothing was written again")]
    idempotency_key: Annotated[IdempotencyKey, Field(description="Send it again to repeat the write safely")]
