"""The starter catalogue of well-being activities: well formed, doable, and something for every emotion."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from contracts.emotion import Emotion

STARTER = Path(__file__).parents[2] / "services/recommender/catalogue/starter/wellbeing.csv"

COLUMNS = [
    *("id", "title", "creators", "year", "genres", "tags", "duration_min"),
    *("steps", "good_for", "valence", "arousal", "evidence"),
]
CATEGORIES = {
    *("breathing", "movement", "mindfulness", "social", "creative", "nature"),
    *("rest", "gratitude", "sensory", "focus", "reflection", "play"),
}
EMOTIONS = {emotion.value for emotion in Emotion}

Row = dict[str, str]


@pytest.fixture(scope="module")
def activities() -> list[Row]:
    with STARTER.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_every_line_is_one_complete_record() -> None:
    header, *records = csv.reader(STARTER.read_text(encoding="utf-8").splitlines(), strict=True)
    assert header == COLUMNS
    assert [record for record in records if len(record) != len(COLUMNS)] == []
    assert [record for record in records if any(cell != cell.strip() for cell in record)] == []


def test_there_are_enough_activities_and_each_is_there_once(activities: list[Row]) -> None:
    assert len(activities) >= 66
    for field in ("id", "title", "steps"):
        assert [key for key, count in Counter(row[field] for row in activities).items() if count > 1] == []


def test_every_field_of_an_activity_is_in_form_and_range(activities: list[Row]) -> None:
    for row in activities:
        assert re.fullmatch(r"wellbeing:[a-z0-9]+(-[a-z0-9]+)*", row["id"]), row
        assert row["title"], row
        assert row["evidence"], row
        assert row["year"] == "", row
        assert 1 <= int(row["duration_min"]) <= 60, row
        for axis in ("valence", "arousal"):
            assert re.fullmatch(r"-?[01]\.\d\d", row[axis]), row
            assert -1.0 <= float(row[axis]) <= 1.0, row


@pytest.mark.parametrize(
    ("field", "fewest", "most"), [("genres", 1, 3), ("tags", 2, 4), ("steps", 3, 6), ("good_for", 1, 7)]
)
def test_lists_hold_distinct_values(activities: list[Row], field: str, fewest: int, most: int) -> None:
    for row in activities:
        values = row[field].split("|")
        assert fewest <= len(values) <= most, row
        assert all(value and value == value.strip() for value in values), row
        assert len(set(values)) == len(values), row


def test_steps_are_short_instructions(activities: list[Row]) -> None:
    for row in activities:
        for step in row["steps"].split("|"):
            assert step[0].isupper(), row
            assert len(step.split()) <= 16, row


def test_every_category_is_known_and_used(activities: list[Row]) -> None:
    used = Counter(genre for row in activities for genre in row["genres"].split("|"))
    assert set(used) == CATEGORIES
    assert min(used.values()) >= 4, used


def test_every_emotion_has_activities(activities: list[Row]) -> None:
    covered = Counter(emotion for row in activities for emotion in row["good_for"].split("|"))
    assert set(covered) == EMOTIONS
    assert min(covered.values()) >= 8, covered


def test_there_are_activities_that_calm_and_that_rouse(activities: list[Row]) -> None:
    arousal = [float(row["arousal"]) for row in activities]
    assert sum(value <= -0.3 for value in arousal) >= 15
    assert sum(value >= 0.3 for value in arousal) >= 8
