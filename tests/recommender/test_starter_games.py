"""The starter catalogue of games: well formed, spread over valence and arousal, and named as published."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "services/recommender/catalogue/starter"
PUBLISHED = ROOT / "../shared/data/games/steam.csv"

COLUMNS = ["id", "title", "creators", "year", "genres", "tags", "steam_id", "rating", "valence", "arousal"]
FEELINGS = ["cosy", "calm", "funny", "exciting", "cathartic", "social", "scary", "bittersweet"]

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def games() -> list[Row]:
    return read(STARTER / "game.csv")


def test_every_line_is_one_complete_record() -> None:
    text = (STARTER / "game.csv").read_text(encoding="utf-8")
    header, *records = csv.reader(text.splitlines(), strict=True)
    assert header == COLUMNS
    assert [record for record in records if len(record) != len(COLUMNS)] == []
    assert [record for record in records if any(cell != cell.strip() for cell in record)] == []


def test_there_are_enough_games_and_each_is_there_once(games: list[Row]) -> None:
    assert len(games) >= 90
    assert [key for key, count in Counter(row["id"] for row in games).items() if count > 1] == []
    steam_ids = Counter(row["steam_id"] for row in games if row["steam_id"])
    assert [key for key, count in steam_ids.items() if count > 1] == []


def test_every_field_of_a_game_is_in_form_and_range(games: list[Row]) -> None:
    for row in games:
        assert re.fullmatch(r"game:[a-z0-9]+(-[a-z0-9]+)*", row["id"]), row
        assert row["title"], row
        assert 1970 <= int(row["year"]) <= 2030, row
        assert re.fullmatch(r"\d*", row["steam_id"]), row
        assert row["rating"] == "" or 1.0 <= float(row["rating"]) <= 10.0, row
        for axis in ("valence", "arousal"):
            assert re.fullmatch(r"-?[01]\.\d\d", row[axis]), row
            assert -1.0 <= float(row[axis]) <= 1.0, row


@pytest.mark.parametrize(("field", "fewest", "most"), [("creators", 1, 4), ("genres", 1, 3), ("tags", 3, 5)])
def test_lists_hold_distinct_values(games: list[Row], field: str, fewest: int, most: int) -> None:
    for row in games:
        values = row[field].split("|")
        assert fewest <= len(values) <= most, row
        assert all(value and value == value.strip() for value in values), row
        assert len(set(values)) == len(values), row
        assert field == "creators" or row[field] == row[field].lower(), row


def test_every_quadrant_of_feeling_has_games(games: list[Row]) -> None:
    quadrants = Counter(
        (float(row["valence"]) > 0, float(row["arousal"]) > 0)
        for row in games
        if float(row["valence"]) and float(row["arousal"])
    )
    assert len(quadrants) == 4
    assert min(quadrants.values()) >= 12


def test_the_games_cover_feelings_and_genres(games: list[Row]) -> None:
    tags = Counter(tag for row in games for tag in row["tags"].split("|"))
    genres = Counter(genre for row in games for genre in row["genres"].split("|"))
    assert {tag: tags[tag] for tag in FEELINGS if tags[tag] < 5} == {}
    least = {genre: genres[genre] for genre in ("puzzle", "narrative", "horror", "party", "simulation")}
    assert min(least.values()) >= 10, least


def plain(name: str) -> str:
    return re.sub("[™®©]", "", name).strip().casefold()


def test_steam_ids_belong_to_the_named_game(games: list[Row]) -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"the published Steam table is not at {PUBLISHED}")
    published = {row["Game"]: plain(row["name"]) for row in read(PUBLISHED)}
    claimed = {row["steam_id"]: plain(row["title"]) for row in games if row["steam_id"]}
    wrong = {key: name for key, name in claimed.items() if published.get(key) != name}
    assert wrong == {}
    assert len(claimed) >= 60
