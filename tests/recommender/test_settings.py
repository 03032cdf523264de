import pytest
from pydantic import ValidationError

from services.recommender.settings import RecommenderSettings


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///some/file.db", "sqlite:///some/file.db"),
        ("postgresql://ada:secret@db/emoverse", "postgresql+psycopg://ada:secret@db/emoverse"),
        ("postgres://db/emoverse", "postgresql+psycopg://db/emoverse"),
        ("postgresql+psycopg://db/emoverse", "postgresql+psycopg://db/emoverse"),
    ],
)
def test_the_database_url_gets_the_driver_that_is_installed(monkeypatch: pytest.MonkeyPatch, given: str, used: str):
    monkeypatch.setenv("DATABASE_URL", given)
    assert RecommenderSettings().database_url == used


@pytest.mark.parametrize("url", ["", "mysql://db/emoverse", "/some/file.db"])
def test_a_database_that_cannot_be_used_is_refused_with_advice(url: str):
    with pytest.raises(ValidationError, match="sqlite:///FILE"):
        RecommenderSettings(database_url=url)
