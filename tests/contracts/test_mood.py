from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mood import Mood, MoodState, from_timestamp, to_timestamp
from contracts.pb.emoverse.v1 import mood_pb2

float32 = st.floats(min_value=0, max_value=1, width=32)
moods = st.builds(
    Mood,
    state=st.sampled_from(MoodState),
    probabilities=st.lists(float32, min_size=7, max_size=7) | st.just([]),
    valence=st.floats(min_value=-1, max_value=1, width=32),
    arousal=st.floats(min_value=-1, max_value=1, width=32),
    confidence=float32,
    since=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (hypothesis wants naive bounds)
)


@given(moods)
def test_a_mood_survives_the_wire(mood: Mood):
    assert Mood.from_proto(mood_pb2.Mood.FromString(mood.to_proto().SerializeToString())) == mood


def test_every_state_has_its_own_number_on_the_wire():
    assert len({state.to_proto() for state in MoodState}) == len(MoodState)


def test_a_state_of_a_newer_peer_reads_as_uncertain():
    newer = mood_pb2.Mood.FromString(b"\x08\x63")  # state = 99
    assert Mood.from_proto(newer).state is MoodState.UNCERTAIN
    assert MoodState.from_proto(mood_pb2.MOOD_STATE_UNSPECIFIED) is None


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        to_timestamp(datetime(2026, 1, 1))  # noqa: DTZ001  (the point of the test)


def test_a_moment_keeps_its_microseconds():
    moment = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert from_timestamp(to_timestamp(moment)) == moment
