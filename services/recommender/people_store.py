"""What people said and did, and what they were shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Table, bindparam, case, delete, func, or_, select

from contracts.emotion import Affect
from contracts.mood import Mood, MoodState
from contracts.recommendation import FeedbackAction, TasteWord
from servicekit.database import Row, upsert
from services.recommender.core.catalogue import Feature
from services.recommender.core.corrections import Correction
from services.recommender.core.opinions import SAID, Opinion, Spoken
from services.recommender.core.taste import MAX_WORDS
from services.recommender.errors import KeyReusedError, UnknownItemError
from services.recommender.schema import FeedbackRow, ItemRow, MoodCorrectionRow, PersonRow, ShownRow, TasteWordRow

API_SOURCE: Final = "api"
MAX_CORRECTIONS: Final = 200
"""The newest, that a person's moods are read by."""

# A newer version may have written others, which are not for this one to read.
_ACTIONS: Final = list(FeedbackAction)
_STATES: Final = list(MoodState)

_PERSON: Final[Table] = PersonRow.metadata.tables["person"]
_FEEDBACK: Final[Table] = PersonRow.metadata.tables["feedback"]
_REVIEW: Final[Table] = PersonRow.metadata.tables["review"]
_CORRECTION: Final[Table] = PersonRow.metadata.tables["mood_correction"]
_TASTE_WORD: Final[Table] = PersonRow.metadata.tables["taste_word"]
_SHOWN: Final[Table] = PersonRow.metadata.tables["shown"]


@dataclass(frozen=True)
class Feedback:
    """Something a person did with an item."""

    user_id: str
    item_id: str
    action: FeedbackAction
    idempotency_key: str
    occurred_at: datetime
    progress: float | None = None
    """How far they were in the item, 0..1."""
    rating: float | None = None
    """0..10, of the action "rate"."""


@dataclass(frozen=True)
class MoodWord:
    """What a person says of the mood they are in."""

    user_id: str
    state: MoodState
    idempotency_key: str


@dataclass(frozen=True)
class Review:
    """Something a person wrote about an item."""

    user_id: str
    item_id: str
    text: str
    idempotency_key: str


class TasteCorrection(NamedTuple):
    """What a person says of their taste for a feature; no word: nothing any more."""

    user_id: str
    feature: Feature
    word: TasteWord | None


class Said(NamedTuple):
    """Something a person said of an item."""

    number: int
    """Higher than of all that was said before."""
    item_id: str
    action: str
    occurred_at: datetime
    idempotency_key: str
    rating: float | None


class Sitting(NamedTuple):
    """A window of time in which lists stay stable."""

    begins_at: datetime
    rest: timedelta
    """How long before it what was shown still matters."""


class Exposure(NamedTuple):
    """A list that somebody was shown."""

    user_id: str
    sitting: Sitting
    at: datetime
    propensities: Mapping[str, float | None]
    """By item: about how probable chance made it."""


class Shown(NamedTuple):
    """What a person was shown."""

    earlier: dict[str, datetime]
    """When each item was last shown in a sitting before this one; never longer ago than its rest."""
    now: set[str]
    """What this sitting has shown."""


def add_feedback(connection: Connection, feedback: Feedback, mood: Mood | None, now: datetime) -> bool:
    """Store feedback; True where its key had stored the same before, and nothing has changed.

    Raises:
        UnknownItemError: there is no such item.
        KeyReusedError: its key had stored something else.
    """
    row = {
        "user_id": feedback.user_id,
        "item_id": feedback.item_id,
        "action": feedback.action,
        "idempotency_key": feedback.idempotency_key,
        "occurred_at": feedback.occurred_at,
        "received_at": now,
        "mood_state": mood.state if mood else None,
        "mood_valence": mood.valence if mood else None,
        "mood_arousal": mood.arousal if mood else None,
        "progress": feedback.progress,
        "rating": feedback.rating,
    }
    return _add_once(connection, _FEEDBACK, row, {"item_id", "action", "progress", "rating"}, now)


def said(
    connection: Connection, user_id: str, actions: Collection[FeedbackAction], before: int | None, count: int
) -> list[Said]:
    """What a person last said of each item, where it was one of these, the newest first, `count` at most.

    Args:
        before: only what has a smaller number.
    """
    newest = func.max(FeedbackRow.id).label("id")
    of_items = select(newest).where(FeedbackRow.user_id == user_id, FeedbackRow.action.in_(SAID))
    last = of_items.group_by(FeedbackRow.item_id).subquery()
    chosen = [FeedbackRow.action.in_(actions), *([FeedbackRow.id < before] if before is not None else [])]
    columns = (FeedbackRow.item_id, FeedbackRow.action, FeedbackRow.occurred_at, FeedbackRow.idempotency_key)
    query = select(FeedbackRow.id, *columns, FeedbackRow.rating).join(last, last.c.id == FeedbackRow.id).where(*chosen)
    rows = connection.execute(query.order_by(FeedbackRow.id.desc()).limit(count))
    return [Said(*row) for row in rows]


def undo_feedback(connection: Connection, user_id: str, idempotency_key: str) -> bool:
    """Delete what this key had stored; whether there was any."""
    mine = (FeedbackRow.user_id == user_id, FeedbackRow.idempotency_key == idempotency_key)
    return connection.execute(delete(_FEEDBACK).where(*mine)).rowcount > 0


def add_correction(connection: Connection, word: MoodWord, detected: MoodState | None, now: datetime) -> bool:
    """Store what a person said of their mood; the same promises as `add_feedback`."""
    row = {
        "user_id": word.user_id,
        "state": word.state,
        "detected": detected,
        "received_at": now,
        "idempotency_key": word.idempotency_key,
    }
    return _add_once(connection, _CORRECTION, row, {"state"}, now)


def told_until(connection: Connection, user_id: str, now: datetime) -> datetime:
    """The moment as of which all that a person has told counts: now, or later where another clock took it."""
    moments = (_FEEDBACK.c.received_at, _CORRECTION.c.received_at, _TASTE_WORD.c.said_at)
    newest = (select(func.max(each)).where(each.table.c.user_id == user_id).scalar_subquery() for each in moments)
    return max([now, *filter(None, connection.execute(select(*newest)).one())])


def corrections(connection: Connection, user_id: str, as_of: datetime) -> list[Correction]:
    """What a person had said of their moods at that moment, the newest first."""
    state, detected = MoodCorrectionRow.state, MoodCorrectionRow.detected
    known = (state.in_(_STATES), or_(detected.is_(None), detected.in_(_STATES)))
    told = (MoodCorrectionRow.user_id == user_id, MoodCorrectionRow.received_at <= as_of, *known)
    columns = (state, detected, MoodCorrectionRow.received_at)
    newest_first = select(*columns).where(*told).order_by(MoodCorrectionRow.id.desc()).limit(MAX_CORRECTIONS)
    return [
        Correction(MoodState(row.state), MoodState(row.detected) if row.detected else None, row.received_at)
        for row in connection.execute(newest_first)
    ]


def say_of_feature(connection: Connection, correction: TasteCorrection, now: datetime) -> bool:
    """Store what a person says of a feature in place of what they had said; whether that changes anything."""
    user_id, feature, word = correction
    mine = {"user_id": user_id, "feature_group": feature.group, "feature_value": feature.value}
    before = connection.scalar(select(TasteWordRow.word).filter_by(**mine))
    if before == word:
        return False
    if word is None:
        connection.execute(delete(_TASTE_WORD).filter_by(**mine))
    else:
        upsert(connection, _PERSON, [{"id": user_id, "created_at": now}], keep=True)
        upsert(connection, _TASTE_WORD, [{**mine, "word": word, "said_at": now}])
    return True


def spoken(connection: Connection, user_id: str, as_of: datetime) -> list[Spoken]:
    """What a person had said of features at that moment, the newest first."""
    told = (TasteWordRow.user_id == user_id, TasteWordRow.said_at <= as_of, TasteWordRow.word.in_(list(TasteWord)))
    newest_first = (TasteWordRow.said_at.desc(), TasteWordRow.feature_group, TasteWordRow.feature_value)
    rows = connection.execute(select(_TASTE_WORD).where(*told).order_by(*newest_first).limit(MAX_WORDS))
    return [Spoken(Feature(row.feature_group, row.feature_value), TasteWord(row.word), row.said_at) for row in rows]


def add_review(connection: Connection, review: Review, now: datetime) -> bool:
    """Store a review; the same promises as `add_feedback`."""
    row = {
        "id": uuid4().hex,
        "user_id": review.user_id,
        "item_id": review.item_id,
        "text": review.text,
        "idempotency_key": review.idempotency_key,
        "source": API_SOURCE,
        "created_at": now,
    }
    return _add_once(connection, _REVIEW, row, {"item_id", "text"}, now)


def _add_once(connection: Connection, table: Table, row: Row, body: Collection[str], now: datetime) -> bool:
    user_id, key = row["user_id"], row["idempotency_key"]
    item_id = row.get("item_id")
    if item_id is not None and connection.scalar(select(ItemRow.id).where(ItemRow.id == item_id)) is None:
        raise UnknownItemError(item_id)
    upsert(connection, _PERSON, [{"id": user_id, "created_at": now}], keep=True)
    if upsert(connection, table, [row], keep=True):
        return False
    earlier: Any = connection.execute(select(table).filter_by(user_id=user_id, idempotency_key=key)).mappings().one()
    if any(earlier[column] != row[column] for column in body):
        raise KeyReusedError(key)
    return True


def opinions(connection: Connection, user_id: str, as_of: datetime) -> list[Opinion]:
    """The last thing a person had said about each item at that moment, the last thing they had done with it, and
    whether they did not want it now."""
    said = case((FeedbackRow.action.in_(SAID), 1), (FeedbackRow.action == FeedbackAction.NOT_NOW, 2), else_=0)
    newest_first = (FeedbackRow.occurred_at.desc(), FeedbackRow.id.desc())
    place = func.row_number().over(partition_by=(FeedbackRow.item_id, said), order_by=newest_first).label("place")
    mood = (FeedbackRow.mood_state, FeedbackRow.mood_valence, FeedbackRow.mood_arousal)
    said_of = (FeedbackRow.item_id, FeedbackRow.action, FeedbackRow.occurred_at)
    columns = (*said_of, FeedbackRow.rating, FeedbackRow.progress, *mood)
    told = (FeedbackRow.user_id == user_id, FeedbackRow.received_at <= as_of, FeedbackRow.action.in_(_ACTIONS))
    newest = select(*columns, place).where(*told).subquery()
    rows = connection.execute(select(newest).where(newest.c.place == 1))
    return [
        Opinion(row.item_id, FeedbackAction(row.action), row.occurred_at, row.rating, row.progress, _mood_in(row))
        for row in rows
    ]


def _mood_in(row: Any) -> Affect | None:
    is_known = row.mood_state not in (None, MoodState.UNCERTAIN, MoodState.ABSENT)
    return Affect(row.mood_valence, row.mood_arousal) if is_known else None


def shown(connection: Connection, user_id: str, sitting: Sitting) -> Shown:
    """What this sitting has shown, and what those before it had."""
    recent = (ShownRow.user_id == user_id, ShownRow.sitting_at >= sitting.begins_at - sitting.rest)
    query = select(ShownRow.item_id, ShownRow.sitting_at, ShownRow.shown_at).where(*recent).order_by(ShownRow.shown_at)
    rows = connection.execute(query).all()
    return Shown(
        earlier={row.item_id: row.shown_at for row in rows if row.sitting_at < sitting.begins_at},
        now={row.item_id for row in rows if row.sitting_at == sitting.begins_at},
    )


def log_shown(connection: Connection, exposures: Sequence[Exposure]) -> None:
    """Remember what sittings have shown, at its first time, and forget what no longer has to rest."""
    oldest = bindparam("oldest", type_=_SHOWN.c.sitting_at.type)
    outdated = delete(_SHOWN).where(_SHOWN.c.user_id == bindparam("person"), _SHOWN.c.sitting_at < oldest)
    people = {each.user_id: each.sitting.begins_at - each.sitting.rest for each in exposures}
    connection.execute(outdated, [{"person": user_id, "oldest": moment} for user_id, moment in people.items()])
    rows = (
        {
            "user_id": each.user_id,
            "sitting_at": each.sitting.begins_at,
            "item_id": item_id,
            "shown_at": each.at,
            "propensity": propensity,
        }
        for each in exposures
        for item_id, propensity in each.propensities.items()
    )
    upsert(connection, _SHOWN, rows, keep=True)
