from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from contracts.events import EventReason, MoodEvent, RecommendationsEvent
from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import recommender_pb2
from contracts.recommendation import Cluster, Goal, Item, Kind, Pick, Reason

AT = datetime(2026, 1, 1, tzinfo=UTC)


def mood_event(user_id: str = "ada") -> MoodEvent:
    return MoodEvent(
        event_id="e1",
        user_id=user_id,
        session_id="s1",
        mood=Mood(state=MoodState.HAPPY, since=AT),
        reason=EventReason.CHANGE,
        at=AT,
    )


def test_an_event_survives_json():
    event = mood_event()
    assert MoodEvent.model_validate_json(event.model_dump_json()) == event


def test_fields_of_a_newer_publisher_are_ignored():
    newer = mood_event().model_dump(mode="json") | {"heart_rate": 61}
    assert MoodEvent.model_validate(newer) == mood_event()


@pytest.mark.parametrize("user_id", ["", " ", "a b", "a/b", "-a", "é", "a" * 65, "a\n", "*"])
def test_a_user_id_outside_the_alphabet_is_refused(user_id: str):
    with pytest.raises(ValidationError):
        mood_event(user_id)


def test_picks_keep_their_kind_as_key():
    pick = Pick(item=Item(id="music:x", kind=Kind.MUSIC, title="X"), score=1.0)
    event = RecommendationsEvent(event_id="e", user_id="ada", goal=Goal.MATCH, picks={Kind.MUSIC: [pick]}, at=AT)
    assert RecommendationsEvent.model_validate_json(event.model_dump_json()).picks[Kind.MUSIC] == [pick]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Item, recommender_pb2.Item),
        (Pick, recommender_pb2.Pick),
        (Reason, recommender_pb2.Reason),
        (Cluster, recommender_pb2.Cluster),
    ],
)
def test_models_mirror_their_messages(model: type[Item | Pick | Reason | Cluster], message: type[recommender_pb2.Item]):
    assert list(model.model_fields) == [field.name for field in message.DESCRIPTOR.fields]
