"""Each published format: what becomes of its rows, and that importing a file again changes nothing."""

import gzip
from pathlib import Path

import pytest

from contracts.recommendation import Kind
from servicekit.database import Database
from services.recommender import tasks
from services.recommender.core.affect import GIVEN_SOURCE, TERMS_SOURCE, UNKNOWN_SOURCE
from services.recommender.core.sound import SONG_SOURCE, song_place
from tests.recommender.importing.support import (
    FILMS,
    GAMES,
    RATINGS,
    SONGS,
    TITLES,
    counts,
    film,
    found,
    load,
    rejected,
    rows,
    song,
    write,
)


def test_songs_carry_their_features_and_the_place_these_give(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "songs.csv", SONGS, song("The Somebodies", "New Day", genre="rock, Dance/Electronic"))
    summary = load(empty_database, Kind.MUSIC, path)
    assert (summary.format, counts(summary)) == ("spotify-top-hits", (1, 0, 0, 0, 0))
    row = rows(empty_database, Kind.MUSIC)["music:the-somebodies-new-day"]
    assert (row.title, row.creators, row.year) == ("New Day", ["The Somebodies"], 2001)
    assert row.genres == ["rock", "dance/electronic"]
    assert row.audio["tempo"] == 120
    assert (row.valence, row.arousal) == song_place(row.audio, row.genres).affect
    assert (row.valence_source, row.arousal_source) == (SONG_SOURCE, SONG_SOURCE)


def test_a_song_that_is_there_twice_or_names_its_guest_is_one(empty_database: Database, tmp_path: Path):
    twice = [song("Ana", "Hello There"), song("Ana", "hello there"), song("Ana", "Hello There (feat. Bo)")]
    path = write(tmp_path / "songs.csv", SONGS, *twice)
    assert counts(load(empty_database, Kind.MUSIC, path)) == (1, 0, 2, 0, 0)
    assert counts(load(empty_database, Kind.MUSIC, path)) == (0, 1, 2, 0, 0)
    assert list(rows(empty_database, Kind.MUSIC)) == ["music:ana-hello-there"]


def test_films_carry_rating_votes_and_imdb_id(empty_database: Database, tmp_path: Path):
    path = write(
        tmp_path / "films.csv", FILMS, film("Harbour Robots", 2011, "tt7654321"), film("Undated", "", "tt7654322")
    )
    assert counts(load(empty_database, Kind.MOVIE, path)) == (2, 0, 0, 0, 0)
    row = rows(empty_database, Kind.MOVIE)["movie:harbour-robots-2011"]
    assert (row.title, row.year, row.duration_min) == ("Harbour Robots", 2011, 95)
    assert (row.rating, row.votes) == (7.5, 5000)
    assert (row.genres, row.tags) == (["comedy", "drama"], ["robot", "harbour"])
    assert row.valence_source == f"{TERMS_SOURCE}, moved by the rating"
    assert found(empty_database, [row.id])[row.id].external_ids == {"imdb": "tt7654321"}
    assert rows(empty_database, Kind.MOVIE)["movie:undated"].year is None


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Harbour Robots (1995)", "Harbour Robots", 1995),
        ('"Robot, The (1980)"', "The Robot", 1980),
        ('"Robot (Roboter, Der) (1980)"', "Robot", 1980),
        ('"Robot, A (Roboter, Ein) (Robota) (1980)"', "A Robot", 1980),
        ("(500) Robots (2009)", "(500) Robots", 2009),
        ("1984 (1984)", "1984", 1984),
        ("Robot 5", "Robot 5", None),
    ],
)
def test_films_of_movielens_have_their_year_and_article_in_place(
    empty_database: Database, tmp_path: Path, written: str, title: str, year: int | None
):
    path = write(tmp_path / "movies.csv", "movieId,title,genres", f"1,{written},Comedy|Drama")
    assert load(empty_database, Kind.MOVIE, path).format == "movielens-movies"
    (row,) = rows(empty_database, Kind.MOVIE).values()
    assert (row.title, row.year, row.genres) == (title, year, ["comedy", "drama"])


def test_no_genre_is_none(empty_database: Database, tmp_path: Path):
    load(empty_database, Kind.MOVIE, write(tmp_path / "m.csv", "movieId,title,genres", "1,Robot,(no genres listed)"))
    assert [row.genres for row in rows(empty_database, Kind.MOVIE).values()] == [[]]


def test_a_film_whose_title_changes_stays_the_same_film(empty_database: Database, tmp_path: Path):
    load(empty_database, Kind.MOVIE, write(tmp_path / "a.csv", FILMS, film("Old Name", 2011, "tt7654321")))
    changed = write(tmp_path / "b.csv", FILMS, film("New Name", 2012, "tt7654321", score=8.1, votes=9000))
    assert counts(load(empty_database, Kind.MOVIE, changed)) == (0, 1, 0, 0, 0)
    (row,) = rows(empty_database, Kind.MOVIE).values()
    assert (row.id, row.title, row.rating, row.votes) == ("movie:old-name-2011", "New Name", 8.1, 9000)


def test_two_films_of_one_name_and_year_stay_two(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "a.csv", FILMS, film("Twins", 2011, "tt7654321"), film("Twins", 2011, "tt7654322"))
    assert counts(load(empty_database, Kind.MOVIE, path)) == (2, 0, 0, 0, 0)
    assert counts(load(empty_database, Kind.MOVIE, path)) == (0, 2, 0, 0, 0)
    assert sorted(rows(empty_database, Kind.MOVIE)) == ["movie:twins-2011", "movie:twins-2011-tt7654322"]


def test_imdb_titles_take_films_only_and_ratings_come_after(empty_database: Database, tmp_path: Path):
    titles = [
        'tt7000001\tmovie\tThe "Quoted" One\tX\t0\t1999\t\\N\t101\tDrama,Music',
        "tt7000002\ttvEpisode\tAn Episode\tX\t0\t1999\t\\N\t50\tDrama",
        "tt7000003\tmovie\tFor Adults\tX\t1\t1999\t\\N\t\\N\tAdult",
        "tt7000004\ttvMovie\tNothing Known\tX\t0\t\\N\t\\N\t\\N\t\\N",
    ]
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(gzip.compress("\n".join([TITLES, *titles, ""]).encode()))
    summary = load(empty_database, Kind.MOVIE, path)
    assert (summary.format, counts(summary)) == ("imdb-titles", (2, 0, 0, 2, 0))
    ratings = write(tmp_path / "r.tsv", RATINGS, "tt7000001\t8.2\t1234", "tt7000002\t9.9\t12")
    summary = load(empty_database, Kind.MOVIE, ratings)
    assert (summary.format, counts(summary)) == ("imdb-ratings", (0, 1, 0, 1, 0))
    known = rows(empty_database, Kind.MOVIE)
    quoted, bare = known["movie:the-quoted-one-1999"], known["movie:nothing-known"]
    assert (quoted.title, quoted.rating, quoted.votes) == ('The "Quoted" One', 8.2, 1234)
    assert quoted.genres == ["drama", "music"]
    assert (bare.year, bare.duration_min, bare.genres, bare.rating) == (None, None, [], None)
    assert (bare.valence, bare.arousal, bare.valence_source) == (0.0, 0.0, UNKNOWN_SOURCE)


def test_a_rating_moves_a_film_at_once_as_far_as_the_next_import_would(empty_database: Database, tmp_path: Path):
    films = write(tmp_path / "films.csv", FILMS, film("Harbour Robots", 2011, "tt7654321", score="", votes=""))
    load(empty_database, Kind.MOVIE, films)
    before = rows(empty_database, Kind.MOVIE)["movie:harbour-robots-2011"]
    load(empty_database, Kind.MOVIE, write(tmp_path / "r.tsv", RATINGS, "tt7654321\t9.4\t50000"))
    rated = rows(empty_database, Kind.MOVIE)["movie:harbour-robots-2011"]
    assert rated.valence > before.valence
    assert rated.arousal == before.arousal
    assert rated.valence_source == f"{TERMS_SOURCE}, moved by the rating"
    load(empty_database, Kind.MOVIE, films)
    assert rows(empty_database, Kind.MOVIE)["movie:harbour-robots-2011"] == rated


def test_games_carry_their_steam_id(empty_database: Database, tmp_path: Path):
    path = write(
        tmp_path / "games.csv", GAMES, "990001,Leaf Garden,2019,Single-player,Indie;Adventure,Adventure;Nature,30"
    )
    summary = load(empty_database, Kind.GAME, path)
    assert (summary.format, counts(summary)) == ("steam", (1, 0, 0, 0, 0))
    row = rows(empty_database, Kind.GAME)["game:leaf-garden"]
    assert (row.year, row.genres, row.tags) == (2019, ["indie", "adventure"], ["nature"])
    assert found(empty_database, [row.id])[row.id].external_ids == {"steam": "990001"}


def test_reviews_go_to_their_films_once_and_are_scored(empty_database: Database, tmp_path: Path):
    load(empty_database, Kind.MOVIE, write(tmp_path / "films.csv", FILMS, film("Grim Tale", 2011, "tt7654321")))
    before = rows(empty_database, Kind.MOVIE)["movie:grim-tale-2011"].valence
    dreadful = '"Dreadful, cruel and sad.<br />\nI hated it."'
    lines = [
        f"tt7654321,1,{dreadful}",
        "tt7654321,2,Awful.",
        "tt7654321,2,Awful.",
        "tt1111111,9,Lovely.",
        "tt7654321,9,",
    ]
    path = write(tmp_path / "reviews.csv", "imdb_id,rating,text", *lines)
    summary = load(empty_database, Kind.MOVIE, path)
    assert (summary.format, counts(summary)) == ("reviews", (2, 0, 1, 0, 2))
    assert "import the films first" in " ".join(bad["reason"] for bad in rejected(summary))
    assert tasks.score_reviews(empty_database) == 2
    assert rows(empty_database, Kind.MOVIE)["movie:grim-tale-2011"].valence < before
    assert counts(load(empty_database, Kind.MOVIE, path)) == (0, 0, 3, 0, 2)
    assert tasks.score_reviews(empty_database) == 0


def test_the_plain_csv_takes_every_kind_and_a_given_place(empty_database: Database, tmp_path: Path):
    path = write(
        tmp_path / "any.csv",
        "title;creators;year;genres;tags;rating;votes;duration_min;steps;good_for;evidence;valence;arousal",
        "Count The Tiles;Me|You;2020;Quiet;calm|Kind;8,1;10;3;Sit|Count;sad|fear;we tried it;0,5;-0.5",
        "Count The Doors;Me;2020;Quiet;calm;8.1;10;3;Walk|Count;sad|fear;we tried it;0.5;-0.5",
        "Half A Place;Me;2020;;;;;;;;;0.5;",
        "No Feeling;Me;2020;;;;;;;bored;;;",
    )
    summary = load(empty_database, Kind.WELLBEING, path)
    assert (summary.format, counts(summary)) == ("plain", (1, 0, 0, 0, 3))
    (row,) = rows(empty_database, Kind.WELLBEING).values()
    assert (row.id, row.steps, row.good_for) == ("wellbeing:count-the-doors", ["Walk", "Count"], ["sad", "fear"])
    assert (row.valence, row.arousal, row.valence_source) == (0.5, -0.5, GIVEN_SOURCE)
    reasons = [bad["reason"] for bad in rejected(summary)]
    assert [reason.split()[0] for reason in reasons] == ["rating", "valence", "good_for"]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_title_is_enough(empty_database: Database, tmp_path: Path, kind: Kind):
    summary = load(empty_database, kind, write(tmp_path / "any.csv", "title", "Just This", "千と千尋", "???"))
    assert counts(summary) == (3, 0, 0, 0, 0)
    assert len(rows(empty_database, kind)) == 3


def test_starter_items_are_enriched_not_doubled_and_stay_so(database: Database, tmp_path: Path):
    from services.recommender.migration import load_starter  # noqa: PLC0415

    before = rows(database, Kind.MOVIE)
    known = before["movie:12-angry-men-1957"]
    imdb_id = found(database, [known.id])[known.id].external_ids["imdb"]
    path = write(tmp_path / "films.csv", FILMS, film("Twelve Angry Men", 1957, imdb_id, score=9.0, votes=700_000))
    assert counts(load(database, Kind.MOVIE, path)) == (0, 0, 1, 0, 0)
    load_starter(database)
    after = rows(database, Kind.MOVIE)
    assert after.keys() == before.keys()
    assert (after[known.id].rating, after[known.id].votes) == (9.0, 700_000)
    assert set(known.tags) < set(after[known.id].tags)


def test_a_games_editorial_place_outlives_its_import(database: Database, tmp_path: Path):
    known = rows(database, Kind.GAME)["game:a-hat-in-time"]
    path = write(tmp_path / "games.csv", GAMES, "253230,A Hat in Time,2017,Single-player,Horror,Horror,900")
    assert counts(load(database, Kind.GAME, path)) == (0, 0, 1, 0, 0)
    after = rows(database, Kind.GAME)["game:a-hat-in-time"]
    assert "horror" in after.genres
    assert (after.valence, after.arousal, after.valence_source) == (known.valence, known.arousal, known.valence_source)
