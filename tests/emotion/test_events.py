"""Moods are reported on change and as a heartbeat."""

from datetime import UTC, datetime, timedelta

from contracts.events import EventReason
from contracts.mood import Mood, MoodState
from services.emotion.events import MoodReporter

START = datetime(2026, 1, 1, tzinfo=UTC)
HEARTBEAT = timedelta(seconds=5)


def mood(state: MoodState) -> Mood:
    return Mood(state=state, since=START)


def reasons(reporter: MoodReporter, *moments: tuple[float, MoodState]) -> list[EventReason | None]:
    events = [reporter.report(mood(state), START + timedelta(seconds=seconds)) for seconds, state in moments]
    return [event.reason if event else None for event in events]


def test_a_change_is_told_at_once_and_otherwise_a_heartbeat():
    reporter = MoodReporter("ada", "kitchen", HEARTBEAT)
    assert reasons(
        reporter,
        (0, MoodState.ABSENT),
        (1, MoodState.ABSENT),
        (2, MoodState.HAPPY),
        (6.9, MoodState.HAPPY),
        (7.0, MoodState.HAPPY),
        (7.1, MoodState.SAD),
    ) == [EventReason.CHANGE, None, EventReason.CHANGE, None, EventReason.HEARTBEAT, EventReason.CHANGE]


def test_a_clock_that_is_set_back_does_not_silence_it():
    reporter = MoodReporter("ada", "kitchen", HEARTBEAT)
    moments = [(3600 + second, MoodState.HAPPY) for second in (0, 1)] + [(second, MoodState.HAPPY) for second in (1, 2)]
    told = reasons(reporter, *moments)
    assert told == [EventReason.CHANGE, None, EventReason.HEARTBEAT, None]


def test_a_resumed_state_is_no_change():
    reporter = MoodReporter("ada", "kitchen", HEARTBEAT, known=MoodState.HAPPY)
    assert reasons(reporter, (0, MoodState.HAPPY)) == [EventReason.HEARTBEAT]


def test_an_event_says_who_and_when_and_has_an_id_of_its_own():
    reporter = MoodReporter("ada", "kitchen", HEARTBEAT)
    first = reporter.report(mood(MoodState.HAPPY), START)
    second = reporter.report(mood(MoodState.SAD), START)
    assert first
    assert second
    assert (first.user_id, first.session_id, first.at) == ("ada", "kitchen", START)
    assert first.event_id != second.event_id
