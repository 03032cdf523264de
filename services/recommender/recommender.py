"""What the recommender does, whoever asks: recommend, take feedback and reviews, tell the clusters."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import structlog

from contracts.mood import Mood
from contracts.recommendation import EVERY_KIND, TRAITS, ClusterReport, FeedbackAction, Goal, Item, Kind
from servicekit.database import Database
from services.recommender import catalogue_store, cluster_store, pages, people_store, person_data
from services.recommender.answers import Answers
from services.recommender.core.catalogue import UNREAD, Catalogue
from services.recommender.core.clustering import Spot
from services.recommender.core.corrections import corrected
from services.recommender.core.goals import default_goal
from services.recommender.core.mixing import mixed
from services.recommender.core.opinions import SAID
from services.recommender.core.prior import Prior
from services.recommender.core.ranking import Ranked
from services.recommender.core.reasons import WordedReason, reasons
from services.recommender.core.selection import MAX_NEGATIVE_RUN
from services.recommender.core.taste import MAX_EVIDENCE, learn_taste
from services.recommender.core.wishes import Wish, seed_of
from services.recommender.database import require_migrated
from services.recommender.errors import EmptyCatalogueError, NotClusteredError, UnknownFeatureError
from services.recommender.lists import Beliefs, Chosen, Listing, Lists, Policy, Request, Told
from services.recommender.pages import Page
from services.recommender.people import People, Person
from services.recommender.people_store import Exposure, Feedback, MoodWord, Review, Sitting, TasteCorrection
from services.recommender.shown_log import ShownLog

Clock = Callable[[], datetime]

MAX_PEOPLE: Final = 1000
"""Remembered at a time: each takes about as much as what they have said of items has features, for each of these."""
MAX_BECAUSE: Final = 3
"""Items that a belief is explained by."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


class _Read(NamedTuple):
    """One reading of the catalogue."""

    catalogue: Catalogue
    answers: Answers


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
        self._read = _Read(Catalogue(), Answers(database))
        self._people = People(policy.seed, policy.rest, MAX_PEOPLE)
        self._shown = ShownLog(database)

    def is_current(self) -> bool:
        """Whether the catalogue has not changed since it was read.

        Raises:
            NotMigratedError: the tables of this version are missing.
        """
        with self._database.reading() as connection:
            require_migrated(connection)
            return catalogue_store.revision(connection) == self._read.catalogue.revision

    def refresh(self) -> None:
        """Read the catalogue again if it has changed; until then, and while reading, the old one serves.

        Raises:
            NotMigratedError: the tables of this version are missing.
        """
        if self.is_current():
            return
        with self._database.reading() as connection:
            catalogue = catalogue_store.load_catalogue(connection, self._priors)
        catalogue.prepare()
        self._read = _Read(catalogue, Answers(self._database))
        self._people.forget_all()
        _log.info("catalogue read", items=len(catalogue), revision=catalogue.revision)

    def recommend(self, request: Request, kind: Kind) -> Listing:
        """The best items of a kind; none where all are excluded or disliked.

        Raises:
            EmptyCatalogueError: there is nothing of this kind at all.
            InvalidInputError: the page is not of this list, or too old.
        """
        listing = self._list(request, [kind], kind)
        if not self._read.catalogue.shelves[kind].ids:
            raise EmptyCatalogueError(kind)
        return listing

    def recommend_mixed(self, request: Request) -> Listing:
        """One list of every kind.

        Raises:
            EmptyCatalogueError: there is nothing at all.
            InvalidInputError: the page is not of this list, or too old.
        """
        listing = self._list(request, list(Kind), EVERY_KIND)
        if not len(self._read.catalogue):
            raise EmptyCatalogueError("item")
        return listing

    def recommend_all(self, request: Request) -> "Lists":
        """A list for every kind at once; a kind without items has no picks."""
        read = self._current()
        person = self._person(request, read)
        request = self._felt(request, person)
        goal = request.goal or default_goal(request.mood)
        lists = {kind: self._ranked(request, goal, person, kind, request.count) for kind in Kind}
        chosen = {kind: self._chosen(request, goal, person, read, ranked) for kind, ranked in lists.items()}
        self._note_shown(person, [each for of_kind in chosen.values() for each in of_kind])
        return Lists({kind: [each.pick for each in of_kind] for kind, of_kind in chosen.items()}, goal, request.mood)

    def give_feedback(self, feedback: Feedback, mood: Mood | None) -> bool:
        """Commit feedback; see `people_store.add_feedback` for the answer and the errors."""
        now = self.clock()
        with self._database.writing() as connection:
            as_of = people_store.told_until(connection, feedback.user_id, now)
            said = people_store.corrections(connection, feedback.user_id, as_of)
            duplicate = people_store.add_feedback(connection, feedback, corrected(mood, said, as_of), now)
        self._people.forget(feedback.user_id)
        return duplicate

    def said(self, user_id: str, actions: Collection[FeedbackAction], before: int | None, count: int) -> list[Told]:
        """See `people_store.said`; without the items that have gone."""
        with self._database.reading() as connection:
            told = people_store.said(connection, user_id, actions, before, count)
        answers = self._current().answers.of([each.item_id for each in told])
        return [Told(each, answers[each.item_id]) for each in told if each.item_id in answers]

    def undo_feedback(self, user_id: str, idempotency_key: str) -> bool:
        """Take feedback back; see `people_store.undo_feedback`."""
        with self._database.writing() as connection:
            undone = people_store.undo_feedback(connection, user_id, idempotency_key)
        self._people.forget(user_id)
        return undone

    def taste(self, user_id: str) -> Beliefs:
        """What is believed about a person's taste, and what it was learned from."""
        read = self._current()
        with self._database.reading() as connection:
            now = people_store.told_until(connection, user_id, self.clock())
            words = people_store.spoken(connection, user_id, now)
            taste = learn_taste(read.catalogue, people_store.opinions(connection, user_id, now), now, words)
            told = {each.item_id: each for each in people_store.said(connection, user_id, SAID, None, MAX_EVIDENCE)}
        beliefs = taste.beliefs()
        answers = read.answers.of({item_id for belief in beliefs for item_id in belief.because if item_id in told})
        because = {
            belief: [Told(told[item_id], answers[item_id]) for item_id in belief.because if item_id in answers][
                :MAX_BECAUSE
            ]
            for belief in beliefs
        }
        return Beliefs(because, len(taste.evidence))

    def correct_taste(self, correction: TasteCorrection) -> bool:
        """Commit what a person says of a feature; see `people_store.say_of_feature`.

        Raises:
            UnknownFeatureError: no item has it.
        """
        if correction.word and correction.feature not in self._current().catalogue.columns:
            raise UnknownFeatureError(*correction.feature)
        with self._database.writing() as connection:
            changed = people_store.say_of_feature(connection, correction, self.clock())
        self._people.forget(correction.user_id)
        return changed

    def correct_mood(self, word: MoodWord, detected: Mood | None) -> bool:
        """Commit what a person says of their mood; see `people_store.add_correction`."""
        state = detected.state if detected else None
        with self._database.writing() as connection:
            duplicate = people_store.add_correction(connection, word, state, self.clock())
        self._people.forget(word.user_id)
        return duplicate

    def add_review(self, review: Review) -> bool:
        """Commit a review; see `people_store.add_review` for the answer and the errors."""
        with self._database.writing() as connection:
            return people_store.add_review(connection, review, self.clock())

    def export_person(self, user_id: str) -> dict[str, list[dict[str, Any]]]:
        """Everything that is kept of a person, by what it is."""
        self.flush()
        with self._database.reading() as connection:
            return person_data.export_person(connection, user_id)

    def forget_person(self, user_id: str) -> int:
        """Delete everything that is kept of a person; returns the number of records."""
        self.flush()
        with self._database.erasing() as connection:
            deleted = person_data.forget_person(connection, user_id)
        self._people.forget(user_id)
        return deleted

    def clusters(self, kind: Kind) -> tuple[ClusterReport, Sequence[Spot]]:
        """How the clusters were found, and songs in the plane; see `cluster_store.latest_report`.

        Raises:
            NotClusteredError: items of this kind are not clustered.
        """
        if not TRAITS[kind].is_sound:
            raise NotClusteredError(kind, [each for each, traits in TRAITS.items() if traits.is_sound])
        with self._database.reading() as connection:
            return cluster_store.latest_report(connection)

    def flush(self) -> None:
        """Write what was shown; see `ShownLog`."""
        self._shown.flush()

    def _current(self) -> _Read:
        if self._read.catalogue.revision == UNREAD:
            self.refresh()
        return self._read

    def _list(self, request: Request, kinds: Sequence[Kind], name: str) -> Listing:
        read, digest, page = self._current(), request.digest(name), request.page
        if page:
            pages.require_same(page, digest, self._sitting(self.clock()).begins_at - self._policy.sitting)
            request = replace(request, mood=page.mood, has_chosen_mood=True)
        person, offset = self._person(request, read), page.offset if page else 0
        request = self._felt(request, person)
        goal = page.goal if page else request.goal or default_goal(request.mood)
        reach = min(offset + request.count, pages.MAX_DEPTH)
        is_walk = goal is Goal.JOURNEY
        length = reach if is_walk or len(kinds) == 1 else reach + MAX_NEGATIVE_RUN
        lists = {kind: self._ranked(request, goal, person, kind, length) for kind in kinds}
        order = [ranked for _, ranked in mixed(lists, reach, in_step=is_walk)]
        if len(kinds) > 1:
            # How probable a pick was in a list of its kind says little of a mix that takes the first few of each.
            order = [replace(ranked, propensity=None) for ranked in order]
        chosen = self._chosen(request, goal, person, read, order[offset:])
        self._note_shown(person, chosen)
        following = Page(
            offset=reach,
            sitting_at=person.sitting.begins_at,
            as_of=person.read_at,
            goal=goal,
            mood=request.mood,
            request=digest,
        )
        is_last = len(order) < reach or reach == pages.MAX_DEPTH or is_walk
        return Listing(chosen, goal, request.mood, "" if is_last else following.token())

    def _felt(self, request: Request, person: Person) -> Request:
        """The request, for the mood as the person would say it."""
        if request.has_chosen_mood:
            return request
        return replace(request, mood=corrected(request.mood, person.corrections, max(self.clock(), person.read_at)))

    def _person(self, request: Request, read: _Read) -> Person:
        now, page = self.clock(), request.page
        sitting = self._sitting(page.sitting_at if page else now)
        person = self._people.remembered(request.user_id, request.version, sitting, read.catalogue, now)
        if person and (page is None or page.as_of == person.read_at):
            return person
        if self._shown.waits_for(request.user_id):
            self._shown.flush()
        with self._database.reading() as connection:
            as_of = page.as_of if page else people_store.told_until(connection, request.user_id, now)
            person = self._people.read(connection, request.user_id, sitting, read.catalogue, as_of)
        if page is None:
            self._people.remember(person, request.version)
        return person

    def _ranked(self, request: Request, goal: Goal, person: Person, kind: Kind, count: int) -> list[Ranked]:
        return person.ranked(kind, self._wish(request, goal, person, kind, count))

    def _wish(self, request: Request, goal: Goal, person: Person, kind: Kind, count: int) -> Wish:
        return Wish(
            count=count,
            goal=goal,
            mood=request.mood,
            exclude=request.exclude,
            seed=seed_of(self._policy.seed, request.user_id, kind, person.sitting.begins_at.isoformat()),
            destination=request.destination,
            candidates=self._policy.candidates,
        )

    def _chosen(
        self, request: Request, goal: Goal, person: Person, read: _Read, order: Sequence[Ranked]
    ) -> list[Chosen]:
        answers = read.answers.of([each.id for each in order])
        turned_away = self._turned_away(request, person, read)
        wanted = [(each, answers[each.id]) for each in order if each.id in answers and each.id not in turned_away]
        kinds = {answer.item.kind for _, answer in wanted}
        wishes = {kind: self._wish(request, goal, person, kind, request.count) for kind in kinds}

        def why(ranked: Ranked, item: Item) -> list[WordedReason]:
            shelf = person.catalogue.shelves[item.kind]
            return reasons(item, ranked, shelf, person.known(item.kind), wishes[item.kind])

        return [Chosen(answer, each, why(each, answer.item)) for each, answer in wanted]

    def _turned_away(self, request: Request, person: Person, read: _Read) -> frozenset[str]:
        """A later page keeps the order of the first, without what the person has turned away since."""
        if request.page is None:
            return frozenset()
        now = self._person(replace(request, page=None), read)
        return frozenset() if now is person else now.turned_away()

    def _note_shown(self, person: Person, chosen: Sequence[Chosen]) -> None:
        new = {each.ranked.id: each.ranked.propensity for each in chosen if each.ranked.id not in person.shown.now}
        if new:
            person.shown.now.update(new)
            self._shown.add(Exposure(person.user_id, person.sitting, self.clock(), new))

    def _sitting(self, at: datetime) -> Sitting:
        length = self._policy.sitting
        return Sitting(_EPOCH + (at - _EPOCH) // length * length, self._policy.rest.after_shown)
