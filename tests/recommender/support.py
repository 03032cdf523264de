"""What the recommender's tests share: a clock, moods, small catalogues."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from contracts.emotion import Affect
from contracts.mood import Mood, MoodState
from contracts.recommendation import FeedbackAction, Kind
from services.recommender.core.catalogue import Catalogue, ItemFacts
from services.recommender.core.corrections import mood_for
from services.recommender.core.opinions import Opinion
from services.recommender.core.rest import RestPolicy
from services.recommender.lists import Policy

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEADLINE_S = 30
POLICY = Policy(
    seed=0,
    sitting=timedelta(minutes=30),
    rest=RestPolicy(after_shown=timedelta(hours=12), after_skip=timedelta(hours=24)),
)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **units: float) -> None:
        self.now += timedelta(**units)


def mood(state: MoodState) -> Mood:
    return mood_for(state, NOON)


def facts(  # noqa: PLR0913  (the fields of an item)
    item_id: str,
    kind: Kind = Kind.MUSIC,
    *,
    affect: tuple[float, float] = (0.25, 0.05),
    genres: Iterable[str] = (),
    tags: Iterable[str] = (),
    creators: Iterable[str] = (),
    rating: float | None = None,
    votes: int | None = None,
    good_for: Iterable[str] = (),
    cluster_emotions: Iterable[str] = (),
    is_placed: bool = True,
) -> ItemFacts:
    return ItemFacts(
        id=item_id,
        kind=kind,
        affect=Affect(*affect),
        genres=list(genres),
        tags=list(tags),
        creators=list(creators),
        rating=rating,
        votes=votes,
        good_for=list(good_for),
        cluster="",
        cluster_emotions=list(cluster_emotions),
        is_placed=is_placed,
    )


def shelf_of(*items: ItemFacts) -> Catalogue:
    return Catalogue(items, revision=1)


def opinion(item_id: str, action: FeedbackAction, minutes: float = 0) -> Opinion:
    """Given so many minutes after noon."""
    return Opinion(item_id, action, NOON + timedelta(minutes=minutes))


def longest_run(flags: Iterable[bool]) -> int:
    """Of true ones."""
    return max((len(list(run)) for flag, run in groupby(flags) if flag), default=0)
