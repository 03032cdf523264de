import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.moment import Moment
from contracts.mood import Mood

MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "given",
    [
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00Z",
        "0.5",
        "1767225600",
        1767225600,
    ],
)
def test_a_moment_that_cannot_be_reckoned_with_is_refused(given: object):
    with pytest.raises(ValidationError):
        MOMENT.validate_python(given)


def test_a_moment_is_in_utc():
    assert MOMENT.validate_python("2026-01-01T02:00:00+02:00").isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("probabilities", [[0.5], [0.1] * 6, [0.1] * 8, [float("nan")] * 7, [float("inf")] * 7])
def test_a_mood_has_a_number_for_each_emotion_or_none(probabilities: list[float]):
    with pytest.raises(ValidationError):
        Mood.model_validate({"state": "happy", "since": "2026-01-01T00:00:00Z", "probabilities": probabilities})
