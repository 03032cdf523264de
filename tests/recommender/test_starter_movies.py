"""The starter catalogue of films and their reviews: well formed, varied, and true where that can be checked."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "services/recommender/catalogue/starter"
PUBLISHED = ROOT / "../shared/data/movies/movie_metadata.csv"  # IMDB 5000

COLUMNS = ["id", "title", "creators", "year", "genres", "tags", "imdb_id", "rating"]
BREADTH = [
    "comedy",
    "drama",
    "romance",
    "animation",
    "family",
    "thriller",
    "horror",
    "action",
    "sci-fi",
    "documentary",
    "musical",
]
FEELINGS = ["comforting", "uplifting", "cathartic", "tense", "funny", "calm", "scary", "angry", "surprising"]

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def movies() -> list[Row]:
    return read(STARTER / "movie.csv")


@pytest.fixture(scope="module")
def reviews() -> list[Row]:
    return read(STARTER / "reviews.csv")


@pytest.mark.parametrize(("name", "columns"), [("movie", COLUMNS), ("reviews", ["movie_id", "text"])])
def test_every_line_is_one_complete_record(name: str, columns: list[str]) -> None:
    text = (STARTER / f"{name}.csv").read_text(encoding="utf-8")
    header, *records = csv.reader(text.splitlines(), strict=True)
    assert header == columns
    assert [record for record in records if len(record) != len(columns)] == []
    assert [record for record in records if any(cell != cell.strip() for cell in record)] == []


def test_there_are_enough_films_and_each_is_there_once(movies: list[Row]) -> None:
    assert len(movies) >= 220
    assert [key for key, count in Counter(row["id"] for row in movies).items() if count > 1] == []
    imdb_ids = Counter(row["imdb_id"] for row in movies if row["imdb_id"])
    assert [key for key, count in imdb_ids.items() if count > 1] == []


def test_every_field_of_a_film_is_in_form_and_range(movies: list[Row]) -> None:
    for row in movies:
        assert re.fullmatch(r"movie:[a-z0-9]+(-[a-z0-9]+)*", row["id"]), row
        assert row["id"].endswith(f"-{row['year']}"), row
        assert row["title"], row
        assert 1900 <= int(row["year"]) <= 2030, row
        assert re.fullmatch(r"(tt\d{7,8})?", row["imdb_id"]), row
        assert re.fullmatch(r"\d{1,2}\.\d", row["rating"]), row
        assert 1.0 <= float(row["rating"]) <= 10.0, row


@pytest.mark.parametrize(("field", "fewest", "most"), [("creators", 1, 12), ("genres", 1, 4), ("tags", 3, 5)])
def test_lists_hold_distinct_values(movies: list[Row], field: str, fewest: int, most: int) -> None:
    for row in movies:
        values = row[field].split("|")
        assert fewest <= len(values) <= most, row
        assert all(value and value == value.strip() for value in values), row
        assert len(set(values)) == len(values), row
        assert field == "creators" or row[field] == row[field].lower(), row


def test_the_films_cover_genres_feelings_and_decades(movies: list[Row]) -> None:
    genres = Counter(genre for row in movies for genre in row["genres"].split("|"))
    tags = Counter(tag for row in movies for tag in row["tags"].split("|"))
    assert {genre: genres[genre] for genre in BREADTH if genres[genre] < 10} == {}
    assert {tag: tags[tag] for tag in FEELINGS if tags[tag] < 12} == {}
    assert len({row["year"][:3] for row in movies}) >= 8


def test_reviews_are_short_distinct_and_about_films_in_the_catalogue(movies: list[Row], reviews: list[Row]) -> None:
    assert {review["movie_id"] for review in reviews} <= {row["id"] for row in movies}
    assert len({review["movie_id"] for review in reviews}) >= 120
    assert len({review["text"] for review in reviews}) == len(reviews)
    assert [review for review in reviews if not 15 <= len(review["text"].split()) <= 40] == []


def pairs(movies: list[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Each film with its published rows: by IMDb id, else by title, which a remake may share."""
    if not PUBLISHED.exists():
        pytest.skip(f"the published IMDB 5000 table is not at {PUBLISHED}")
    by_id: dict[str, list[Row]] = {}
    by_title: dict[str, list[Row]] = {}
    for row in read(PUBLISHED):
        if (imdb_id := re.search(r"tt\d+", row["movie_imdb_link"])) and row["title_year"]:
            by_id.setdefault(imdb_id[0], []).append(row)
            by_title.setdefault(row["movie_title"].strip().casefold(), []).append(row)
    for movie in movies:
        if found := by_id.get(movie["imdb_id"]) or by_title.get(movie["title"].casefold()):
            yield movie, found


def test_films_agree_with_the_published_title_and_year(movies: list[Row]) -> None:
    matched = 0
    for movie, found in pairs(movies):
        matched += 1
        assert any(movie["imdb_id"] in row["movie_imdb_link"] for row in found), movie
        assert movie["title"].casefold() in {row["movie_title"].strip().casefold() for row in found}, movie
        assert min(abs(int(row["title_year"]) - int(movie["year"])) for row in found) <= 1, movie
    assert matched >= 180


def test_films_agree_with_the_published_rating(movies: list[Row]) -> None:
    for movie, found in pairs(movies):
        assert min(abs(float(row["imdb_score"]) - float(movie["rating"])) for row in found) <= 0.5, movie
