"""Turns gRPC requests into ours, refusing what makes no sense."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from contracts.emotion import Emotion
from contracts.events import IDENTIFIER_PATTERN
from contracts.mood import MoodState, from_timestamp
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import EVERY_KIND, FeedbackAction, Goal, Kind, TasteWord
from servicekit.errors import InvalidInputError
from services.recommender.core.catalogue import Feature
from services.recommender.core.goals import DESTINATIONS
from services.recommender.core.opinions import SAID
from services.recommender.errors import UnknownChoiceError
from services.recommender.pages import INVALID
from services.recommender.people_store import Feedback, MoodWord, Review, TasteCorrection
from services.recommender.task_journal import MAX_TASKS

MAX_COUNT: Final = 100
DEFAULT_TASKS: Final = 100
MAX_EXCLUDED: Final = 1000
MAX_REVIEW_CHARACTERS: Final = 20_000
MAX_KEY_CHARACTERS: Final = 128
MAX_RATING: Final = 10.0
WITH_PROGRESS: Final = frozenset({FeedbackAction.PLAY, FeedbackAction.SKIP, FeedbackAction.FINISH})
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a client's clock may be ahead; what it reports then counts as now."""

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


def parse_choice(choices: type[ChoiceT], value: str, field: str) -> ChoiceT:
    """The member of that value.

    Raises:
        UnknownChoiceError: there is none.
    """
    try:
        return choices(value)
    except ValueError as error:
        raise UnknownChoiceError(field, value, [str(choice) for choice in choices]) from error


def parse_user(user_id: str) -> str:
    """The user's id.

    Raises:
        InvalidInputError: it is none.
    """
    if not re.fullmatch(IDENTIFIER_PATTERN, user_id):
        raise InvalidInputError(
            f"{user_id[:80]!r} is no user id.",
            "Use 1 to 64 letters, digits, '.', '_' and '-', the first a letter or a digit.",
            code="invalid_user",
        )
    return user_id


def parse_count(count: int, default: int) -> int:
    """The number of picks; 0 stands for the default.

    Raises:
        InvalidInputError: there are too many.
    """
    if count > MAX_COUNT:
        raise InvalidInputError(f"{count} picks are too many.", f"Ask for 1 to {MAX_COUNT}.", code="invalid_count")
    return count or default


def parse_exclude(item_ids: list[str]) -> frozenset[str]:
    """The ids that are not wanted; unknown ones do no harm.

    Raises:
        InvalidInputError: there are too many.
    """
    if len(item_ids) > MAX_EXCLUDED:
        raise InvalidInputError(
            f"{len(item_ids)} excluded items are too many.", f"Exclude at most {MAX_EXCLUDED}.", code="invalid_exclude"
        )
    return frozenset(item_ids)


def parse_mood(value: int) -> MoodState | None:
    """The state on the wire, None where it is unspecified.

    Raises:
        UnknownChoiceError: this version does not know it.
    """
    if value == 0:
        return None
    by_value = {int(state.to_proto()): state for state in MoodState}
    if value not in by_value:
        raise UnknownChoiceError("mood", str(value), [f"{number} ({name})" for number, name in by_value.items()])
    return by_value[value]


def parse_feedback(request: pb.GiveFeedbackRequest, now: datetime) -> Feedback:
    """Feedback.

    Raises:
        InvalidInputError: a field makes no sense.
    """
    action = parse_choice(FeedbackAction, request.action, "action")
    return Feedback(
        user_id=parse_user(request.user_id),
        item_id=_parse_item(request.item_id),
        action=action,
        idempotency_key=parse_key(request.idempotency_key),
        occurred_at=_parse_occurred_at(request, now),
        progress=_parse_progress(request, action),
        rating=_parse_rating(request, action),
    )


def _parse_progress(request: pb.GiveFeedbackRequest, action: FeedbackAction) -> float | None:
    if not request.HasField("progress"):
        return None
    if action not in WITH_PROGRESS or not 0 <= request.progress <= 1:
        raise InvalidInputError(
            f"A progress of {request.progress:g} makes no sense with {action!s}.",
            f"Send 0 to 1 with {', '.join(sorted(WITH_PROGRESS))}, or leave it unset.",
            code="invalid_progress",
        )
    return request.progress


def _parse_rating(request: pb.GiveFeedbackRequest, action: FeedbackAction) -> float | None:
    is_given = request.HasField("rating")
    if is_given != (action is FeedbackAction.RATE) or (is_given and not 0 <= request.rating <= MAX_RATING):
        raise InvalidInputError(
            f"A rating of {request.rating:g} makes no sense with {action!s}." if is_given else "The rating is missing.",
            f"Send 0 to {MAX_RATING:g} with the action 'rate', and no rating with another.",
            code="invalid_rating",
        )
    return request.rating if is_given else None


def parse_correction(request: pb.CorrectMoodRequest) -> MoodWord:
    """A person's word on their mood.

    Raises:
        InvalidInputError: a field makes no sense, or the mood is no emotion.
    """
    state = parse_mood(request.mood)
    if state is None or state in (MoodState.UNCERTAIN, MoodState.ABSENT):
        raise UnknownChoiceError("emotion to be in", str(state or ""), [str(emotion) for emotion in Emotion])
    return MoodWord(parse_user(request.user_id), state, parse_key(request.idempotency_key))


def parse_taste_correction(request: pb.CorrectTasteRequest) -> TasteCorrection:
    """A person's word on a feature.

    Raises:
        InvalidInputError: a field makes no sense.
    """
    word = parse_choice(TasteWord, request.word, "word") if request.word else None
    if "\x00" in request.group + request.value:
        raise InvalidInputError(
            "A feature has no NUL character.", "Use one of what is believed.", code="invalid_feature"
        )
    return TasteCorrection(parse_user(request.user_id), Feature(request.group, request.value), word)


def parse_review(request: pb.AddReviewRequest) -> Review:
    """A review.

    Raises:
        InvalidInputError: a field makes no sense.
    """
    return Review(
        user_id=parse_user(request.user_id),
        item_id=_parse_item(request.item_id),
        text=_parse_text(request.text),
        idempotency_key=parse_key(request.idempotency_key),
    )


def _parse_item(item_id: str) -> str:
    if not item_id or "\x00" in item_id:
        raise InvalidInputError("An item id is missing.", "Use an id from a recommendation.", code="invalid_item")
    return item_id


def parse_key(key: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS or "\x00" in key:
        raise InvalidInputError(
            "The idempotency key is missing or too long.",
            f"Choose 1 to {MAX_KEY_CHARACTERS} characters, new for every request and the same when repeating one.",
            code="invalid_idempotency_key",
        )
    return key


def _parse_text(text: str) -> str:
    if not text.strip() or len(text) > MAX_REVIEW_CHARACTERS or "\x00" in text:
        raise InvalidInputError(
            f"A review of {len(text)} characters that is blank, too long or holds a NUL character cannot be kept.",
            f"Write 1 to {MAX_REVIEW_CHARACTERS:,} characters of text.",
            code="invalid_review",
        )
    return text


def _parse_occurred_at(request: pb.GiveFeedbackRequest, now: datetime) -> datetime:
    if not request.HasField("occurred_at"):
        return now
    try:
        occurred_at = from_timestamp(request.occurred_at)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            "occurred_at is no moment.", "Send a valid timestamp, or leave it unset for now.", code="invalid_moment"
        ) from error
    if occurred_at > now + CLOCK_TOLERANCE:
        raise InvalidInputError(
            f"Feedback cannot come from the future: {occurred_at.isoformat()}.",
            "Set the client's clock, or leave occurred_at unset for now.",
            code="moment_in_the_future",
        )
    return min(occurred_at, now)


def parse_kind(value: str) -> Kind:
    """The kind.

    Raises:
        UnknownChoiceError: it is neither a kind nor `EVERY_KIND`.
    """
    try:
        return parse_choice(Kind, value, "kind")
    except UnknownChoiceError as error:
        raise UnknownChoiceError("kind", value, [*Kind, EVERY_KIND]) from error


def parse_goal(value: str) -> Goal | None:
    """The goal, None where nobody asked for one.

    Raises:
        UnknownChoiceError: it is none.
    """
    return parse_choice(Goal, value, "goal") if value else None


def parse_destination(value: str, goal: Goal | None) -> Goal | None:
    """Where a journey leads, None where that is left to the mood.

    Raises:
        UnknownChoiceError: a journey cannot lead there.
        InvalidInputError: it is no journey.
    """
    if not value:
        return None
    if goal is not Goal.JOURNEY:
        raise InvalidInputError(
            "Only a journey has a destination.", "Ask for the goal 'journey', or leave it out.", code="no_journey"
        )
    if value not in DESTINATIONS:
        raise UnknownChoiceError("destination", value, list(DESTINATIONS))
    return Goal(value)


def parse_said(request: pb.ListFeedbackRequest) -> frozenset[FeedbackAction]:
    """What may have been said; everything where nothing is named.

    Raises:
        UnknownChoiceError: something that is not said of items.
    """
    for action in request.actions:
        if action not in SAID:
            raise UnknownChoiceError("action", action, sorted(SAID))
    return frozenset(map(FeedbackAction, request.actions)) or SAID


def parse_number(token: str) -> int | None:
    """The number in a page token; None where there is no token.

    Raises:
        InvalidInputError: it is none of ours.
    """
    if not token:
        return None
    if not re.fullmatch("[0-9]{1,18}", token):
        raise InvalidInputError(
            "This is no page token.", "Send next_page_token as it came, or none for the first page.", code=INVALID
        )
    return int(token)


def parse_task_count(count: int) -> int:
    """The number of tasks; 0 stands for `DEFAULT_TASKS`.

    Raises:
        InvalidInputError: there are too many.
    """
    if count > MAX_TASKS:
        raise InvalidInputError(f"{count} tasks are too many.", f"Ask for 1 to {MAX_TASKS}.", code="invalid_count")
    return count or DEFAULT_TASKS
