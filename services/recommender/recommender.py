"""What the recommender does, whoever asks: recommend, take feedback and reviews, tell the clusters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from contracts.mood import Mood
from contracts.recommendation import Cluster, Goal, Kind, Pick
from services.recommender import catalogue_store, cluster_store, people_store
from services.recommender.core.catalogue import UNREAD, Catalogue
from services.recommender.core.goals import default_goal
from services.recommender.core.prior import Prior
from services.recommender.core.ranking import Known, Ranked, Wish, rank, seed_of
from services.recommender.core.reasons import reasons
from services.recommender.core.rest import RestPolicy, never_again, resting
from services.recommender.core.taste import Opinion, Taste, learn_taste, verdicts
from services.recommender.database import Database, require_migrated
from services.recommender.errors import EmptyCatalogueError
from services.recommender.people_store import Feedback, Review, Shown, Sitting

Clock = Callable[[], datetime]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Policy:
    """How lists are made."""

    seed: int
    sitting: timedelta
    rest: RestPolicy


@dataclass(frozen=True)
class Request:
    """What somebody asks for."""

    user_id: str
    count: int
    mood: Mood | None = None
    goal: Goal | None = None
    """None: the default for the mood."""
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Person:
    opinions: list[Opinion]
    taste: Taste
    never: frozenset[str]
    shown: Shown


class Recommender:
    """Ranks the catalogue and keeps what people say. Its methods block: call them on a thread.

    Every method raises `NotMigratedError` or `DatabaseUnavailableError` where the database cannot serve it.
    """

    def __init__(
        self, database: Database, policy: Policy, clock: Clock = utc_now, priors: Mapping[Kind, Prior] | None = None
    ) -> None:
        self._database = database
        self._policy = policy
        self.clock = clock
        self._priors = priors
        self._catalogue = Catalogue()

    def refresh(self) -> None:
        """Read the catalogue again if it has changed; until then, and while reading, the old one serves.

        Raises:
            NotMigratedError: the tables of this version are missing.
        """
        with self._database.reading() as connection:
            require_migrated(connection)
            if catalogue_store.revision(connection) == self._catalogue.revision:
                return
            self._catalogue = catalogue_store.load_catalogue(connection, self._priors)
        _log.info("catalogue read", items=len(self._catalogue), revision=self._catalogue.revision)

    def recommend(self, request: Request, kind: Kind) -> tuple[list[Pick], Goal]:
        """The best items of a kind, and the goal they were ranked for; none where all are excluded or disliked.

        Raises:
            EmptyCatalogueError: there is nothing of this kind at all.
        """
        picks, goal = self._recommend(request, [kind])
        if not self._catalogue.shelves[kind].ids:
            raise EmptyCatalogueError(kind)
        return picks[kind], goal

    def recommend_all(self, request: Request) -> tuple[dict[Kind, list[Pick]], Goal]:
        """The same for every kind at once; a kind without items has no picks."""
        return self._recommend(request, list(Kind))

    def give_feedback(self, feedback: Feedback, mood: Mood | None) -> bool:
        """Commit feedback; see `people_store.add_feedback` for the answer and the errors."""
        with self._database.writing() as connection:
            return people_store.add_feedback(connection, feedback, mood, self.clock())

    def add_review(self, review: Review) -> bool:
        """Commit a review; see `people_store.add_review` for the answer and the errors."""
        with self._database.writing() as connection:
            return people_store.add_review(connection, review, self.clock())

    def clusters(self) -> tuple[list[Cluster], datetime | None]:
        """The song clusters and when they were computed; None before the first time."""
        with self._database.reading() as connection:
            return cluster_store.latest_clusters(connection)

    def _recommend(self, request: Request, kinds: list[Kind]) -> tuple[dict[Kind, list[Pick]], Goal]:
        if self._catalogue.revision == UNREAD:
            self.refresh()
        catalogue, now = self._catalogue, self.clock()
        goal = request.goal or default_goal(request.mood)
        sitting = self._sitting(now)
        with self._database.reading() as connection:
            person = self._person(connection, catalogue, request.user_id, sitting)
            picks = {
                kind: self._picks(connection, catalogue, kind, person, self._wish(request, kind, goal, sitting), now)
                for kind in kinds
            }
        self._log_shown(request.user_id, picks, person.shown, now, sitting)
        return picks, goal

    def _wish(self, request: Request, kind: Kind, goal: Goal, sitting: Sitting) -> Wish:
        seed = seed_of(self._policy.seed, request.user_id, kind, sitting.begins_at.isoformat())
        return Wish(count=request.count, goal=goal, mood=request.mood, exclude=request.exclude, seed=seed)

    def _person(self, connection: Connection, catalogue: Catalogue, user_id: str, sitting: Sitting) -> _Person:
        opinions = people_store.opinions(connection, user_id)
        return _Person(
            opinions=opinions,
            taste=learn_taste(catalogue, opinions),
            never=never_again(verdicts(catalogue, opinions)),
            shown=people_store.shown(connection, user_id, sitting),
        )

    def _picks(
        self, connection: Connection, catalogue: Catalogue, kind: Kind, person: _Person, wish: Wish, now: datetime
    ) -> list[Pick]:
        shelf = catalogue.shelves[kind]
        rests = resting(kind, shelf, person.opinions, person.shown.earlier, now, self._policy.rest)
        known = Known(person.taste, person.never, rests)
        ranked = rank(shelf, known, wish)
        items = catalogue_store.items(connection, [each.id for each in ranked])

        def pick(each: Ranked) -> Pick:
            item = items[each.id]
            return Pick(item=item, score=each.score, reasons=reasons(item, each, shelf, known, wish))

        return [pick(each) for each in ranked if each.id in items]

    def _log_shown(
        self, user_id: str, picks: Mapping[Kind, list[Pick]], shown: Shown, now: datetime, sitting: Sitting
    ) -> None:
        new = {pick.item.id for of_kind in picks.values() for pick in of_kind} - shown.now
        if new:
            with self._database.writing() as connection:
                people_store.log_shown(connection, user_id, sorted(new), now, sitting)

    def _sitting(self, now: datetime) -> Sitting:
        length = self._policy.sitting
        return Sitting(_EPOCH + (now - _EPOCH) // length * length, self._policy.rest.after_shown)
