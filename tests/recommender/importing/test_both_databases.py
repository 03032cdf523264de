"""The same imports on SQLite and, where its programs are installed, on PostgreSQL."""

from pathlib import Path

from contracts.recommendation import Kind
from servicekit.database import Database
from services.recommender import tasks
from services.recommender.migration import load_starter, migrate
from tests.recommender.importing.support import FILMS, RATINGS, SONGS, counts, film, found, load, rows, song, write


def test_films_ratings_reviews_and_songs_again_and_again(fresh: Database, tmp_path: Path):
    migrate(fresh)
    load_starter(fresh)
    tale, other = film("Grim Tale", 2011, "tt7654321"), film("Grim Tale", 2011, "tt7654322")
    films = write(tmp_path / "films.csv", FILMS, tale, tale, other)
    ratings = write(tmp_path / "ratings.tsv", RATINGS, "tt7654321\t8.2\t1234", "tt1111111\t9.9\t12")
    reviews = write(tmp_path / "reviews.csv", "imdb_id,text", "tt7654321,Lovely.", "tt1111111,Lovely.")
    songs = write(tmp_path / "songs.csv", SONGS, song("A-ha", "Take on Me"), song("Ana", "Zażółć 千"))
    assert counts(load(fresh, Kind.MOVIE, films)) == (2, 0, 1, 0, 0)
    assert counts(load(fresh, Kind.MOVIE, ratings)) == (0, 1, 0, 1, 0)
    assert counts(load(fresh, Kind.MOVIE, reviews)) == (1, 0, 0, 0, 1)
    assert counts(load(fresh, Kind.MUSIC, songs)) == (1, 0, 1, 0, 0)
    assert tasks.score_reviews(fresh) > 0
    before = rows(fresh, Kind.MOVIE) | rows(fresh, Kind.MUSIC)
    assert before["movie:grim-tale-2011"].votes == 1234
    load_starter(fresh)
    assert counts(load(fresh, Kind.MUSIC, songs)) == (0, 2, 0, 0, 0)
    assert counts(load(fresh, Kind.MOVIE, reviews)) == (0, 0, 1, 0, 1)
    assert counts(load(fresh, Kind.MOVIE, ratings)) == (0, 1, 0, 1, 0)
    assert rows(fresh, Kind.MOVIE) | rows(fresh, Kind.MUSIC) == before


def test_ratings_of_starter_films_stay_when_the_starter_catalogue_is_loaded_again(fresh: Database, tmp_path: Path):
    migrate(fresh)
    load_starter(fresh)
    ratings = write(tmp_path / "ratings.tsv", RATINGS, "tt0050083\t9.0\t950000")
    assert counts(load(fresh, Kind.MOVIE, ratings)) == (0, 1, 0, 0, 0)
    before = rows(fresh, Kind.MOVIE)
    assert (before["movie:12-angry-men-1957"].rating, before["movie:12-angry-men-1957"].votes) == (9.0, 950_000)
    load_starter(fresh)
    assert rows(fresh, Kind.MOVIE) == before


def test_a_film_that_an_import_brought_first_does_not_come_twice(fresh: Database, tmp_path: Path):
    migrate(fresh)
    films = write(tmp_path / "films.csv", "title,year,imdb_id,genres", "Twelve Angry Men,1957,tt0050083,drama")
    assert counts(load(fresh, Kind.MOVIE, films)) == (1, 0, 0, 0, 0)
    load_starter(fresh)
    assert "movie:12-angry-men-1957" not in rows(fresh, Kind.MOVIE)
    brought = found(fresh, ["movie:twelve-angry-men-1957"])["movie:twelve-angry-men-1957"]
    assert brought.external_ids == {"imdb": "tt0050083"}
    tasks.score_reviews(fresh)
    assert rows(fresh, Kind.MOVIE)[brought.id].review_count > 0, "it has the starter catalogue's reviews"


def test_items_of_one_long_name_that_have_long_ids_are_told_apart(fresh: Database, tmp_path: Path):
    migrate(fresh)
    title = " ".join(f"word{number:04d}" for number in range(30))
    listed = [f"{title},tt00000000000{digit},10000000000{digit},{str(digit) * 22}" for digit in range(3)]
    path = write(tmp_path / "long.csv", "title,imdb_id,steam_id,spotify_id", *listed)
    assert counts(load(fresh, Kind.WELLBEING, path)) == (3, 0, 0, 0, 0)
    assert counts(load(fresh, Kind.WELLBEING, path)) == (0, 3, 0, 0, 0)
    assert len(rows(fresh, Kind.WELLBEING)) == 3
