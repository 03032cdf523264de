"""The command that prints the catalogue."""

import json
import os
from pathlib import Path

from sqlalchemy import insert
from typer.testing import CliRunner

from contracts.emotion import EMOTIONS, Affect
from contracts.recommendation import Kind
from servicekit.database import Database
from services.recommender import catalogue_store
from services.recommender.__main__ import cli
from services.recommender.catalogue.records import ItemRecord
from services.recommender.schema import ExternalIdRow


def printed(database_url: str, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["items", *arguments], env={**os.environ, "DATABASE_URL": database_url})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_item_has_title_creators_and_a_mood_with_sources(database_url: str):
    items = json.loads(printed(database_url, "--kind", "music", "--json"))
    assert len(items) > 400
    assert {item["kind"] for item in items} == {"music"}
    for item in items:
        mood = item["mood"]
        assert item["title"]
        assert item["creators"]
        assert -1 <= mood["valence"] <= 1
        assert -1 <= mood["arousal"] <= 1
        assert list(mood["emotions"]) == list(EMOTIONS)
        assert mood["valence_source"]
        assert mood["arousal_source"]


def test_ratings_and_external_ids_are_told(database_url: str):
    films = {item["id"]: item for item in json.loads(printed(database_url, "--kind", "films", "--json"))}
    film = films["movie:12-angry-men-1957"]
    assert film["external_ids"] == {"imdb": "tt0050083"}
    assert film["rating"] == film["weighted_rating"] == 8.9


def test_an_item_is_answered_with_all_of_its_external_ids_or_none(database: Database):
    film = "movie:12-angry-men-1957"
    nameless = ItemRecord("movie:nameless", Kind.MOVIE, "Nameless", Affect(0.0, 0.0), "test", "test")
    with database.writing() as connection:
        connection.execute(insert(ExternalIdRow).values(provider="spotify", value="x", item_id=film))
        catalogue_store.save_items(connection, [nameless], "test")
    with database.reading() as connection:
        found = catalogue_store.items(connection, [film, nameless.id, "movie:none"])
    named = {item_id: item.external_ids for item_id, item in found.items()}
    assert named == {film: {"imdb": "tt0050083", "spotify": "x"}, nameless.id: {}}


def test_without_json_an_item_is_a_line_and_a_summary_a_line_for_each_dataset(database_url: str):
    lines = printed(database_url).splitlines()
    assert sum(line.startswith("podcast: ") for line in lines) > 40
    summary = printed(database_url, "--summary").splitlines()
    assert len(summary) == len(Kind)
    counts = json.loads(printed(database_url, "--kind", "podcast", "--summary", "--json"))
    assert counts[0]["items"] == counts[0]["with_mood"] > 40


def test_an_empty_catalogue_is_an_empty_array(empty_database: Database, tmp_path: Path):
    assert json.loads(printed(f"sqlite:///{tmp_path}/empty.db", "--json")) == []
