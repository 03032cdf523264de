"""What a file can be instead of what it should be: each a clear answer, and what was accepted stays."""

import gzip
import time
from pathlib import Path

import pytest

from contracts.recommendation import Kind
from servicekit.database import Database, DatabaseUnavailableError
from services.recommender.errors import UnknownChoiceError
from services.recommender.importing import importer
from services.recommender.importing.errors import (
    MissingColumnsError,
    UnknownFormatError,
    UnreadableFileError,
    UnwritableRejectsError,
)
from services.recommender.importing.lines import MAX_LINE_BYTES
from tests.recommender.importing.support import FILMS, GAMES, SONGS, counts, film, load, rejected, rows, song, write


def test_missing_columns_are_named(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "films.csv", "name,when", "A,1999")
    with pytest.raises(MissingColumnsError, match=r"name, when.*imdb-5000: movie_title.*plain: title"):
        load(empty_database, Kind.MOVIE, path)
    with pytest.raises(MissingColumnsError, match=r"Expected, by format: plain: title\.$"):
        load(empty_database, Kind.MOVIE, path, format="plain")


def test_unknown_formats_and_kinds_are_told(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "a.csv", "title", "A")
    with pytest.raises(UnknownFormatError, match="Choose one of: steam, plain"):
        load(empty_database, Kind.GAME, path, format="imdb-5000")
    with pytest.raises(UnknownChoiceError, match="music"):
        importer.kind_named("paintings")
    assert [importer.kind_named(name) for name in ("movies", "Music", "well-being")] == ["movie", "music", "wellbeing"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        ("title\nA\n".encode("utf-16"), "UTF-16"),
        (b"title,Title\nA,B\n", "twice"),
        (b"\x1f\x8bnothing of the kind", "cut off or damaged"),
        (b"\0\0\0\0", "NUL"),
    ],
)
def test_what_is_no_table_is_refused(empty_database: Database, tmp_path: Path, content: bytes, problem: str):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=problem):
        load(empty_database, Kind.MOVIE, path)


def test_a_missing_file_a_folder_and_an_unknown_encoding_are_told(empty_database: Database, tmp_path: Path):
    with pytest.raises(UnreadableFileError, match="No such file"):
        load(empty_database, Kind.MOVIE, tmp_path / "nowhere.csv")
    with pytest.raises(UnreadableFileError, match="directory"):
        load(empty_database, Kind.MOVIE, tmp_path)
    with pytest.raises(UnreadableFileError, match="unknown encoding"):
        load(empty_database, Kind.MOVIE, write(tmp_path / "a.csv", "title", "A"), encoding="klingon")


def test_the_rejects_never_overwrite_the_file_itself(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "a.csv", "title", "A")
    with pytest.raises(UnwritableRejectsError):
        importer.import_file(empty_database, importer.Request(Kind.MOVIE, path, path))
    with pytest.raises(UnwritableRejectsError, match="--rejects"):
        importer.import_file(empty_database, importer.Request(Kind.MOVIE, path, path / "below"))
    assert path.read_text() == "title\nA\n"


def test_bad_rows_are_written_down_and_the_others_imported(empty_database: Database, tmp_path: Path):
    bad = [
        song("Ana", "Loud", valence="very"),
        song("Ana", "Too Bright", valence=1.5),
        song("Ana", "Not A Number", valence="nan"),
        song("", "Nobody"),
        "Ana,Short",
        song("Ana", "Nul\0"),
        song("Ana", "x" * 400),
    ]
    path = write(tmp_path / "songs.csv", SONGS, *bad, song("Ana", "Good"))
    summary = load(empty_database, Kind.MUSIC, path)
    assert counts(summary) == (1, 0, 0, 0, len(bad))
    told = rejected(summary)
    assert [each["row"] for each in told] == bad
    assert [each["line"] for each in told] == list(range(2, 9))
    assert all(each["reason"] for each in told)
    assert "valence is no number: 'very'" in told[0]["reason"]


def test_a_later_import_leaves_no_old_rejects(empty_database: Database, tmp_path: Path):
    load(empty_database, Kind.MUSIC, write(tmp_path / "songs.csv", SONGS, "Ana,Short"))
    summary = load(empty_database, Kind.MUSIC, write(tmp_path / "songs.csv", SONGS, song("Ana", "Good")))
    assert summary.rejects is None
    assert [path.name for path in tmp_path.glob("songs*")] == ["songs.csv"]


@pytest.mark.parametrize("broken", ['"Never closed,2001', '"Closed" too early,2001'])
def test_a_bad_quote_costs_one_row(empty_database: Database, tmp_path: Path, broken: str):
    path = write(tmp_path / "a.csv", "title,year", broken, "Second,2002", '"Third, and last",2003')
    summary = load(empty_database, Kind.MOVIE, path)
    assert counts(summary) == (2, 0, 0, 0, 1)
    assert [each["row"] for each in rejected(summary)] == [broken]


def test_a_huge_line_is_dropped_in_constant_memory(empty_database: Database, tmp_path: Path):
    path = write(
        tmp_path / "a.csv", "title,year", "x" * (3 * MAX_LINE_BYTES) + ",1", "Short,2002", "y" * 200_000 + ",1"
    )
    summary = load(empty_database, Kind.MOVIE, path)
    assert counts(summary) == (1, 0, 0, 0, 2)
    assert [each["line"] for each in rejected(summary)] == [2, 4]
    assert Path(str(summary.rejects)).stat().st_size < 50_000


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_any_common_delimiter_is_found(empty_database: Database, tmp_path: Path, delimiter: str):
    path = write(tmp_path / "a.csv", delimiter.join(["title", "year"]), delimiter.join(["One", "2001"]))
    assert counts(load(empty_database, Kind.MOVIE, path)) == (1, 0, 0, 0, 0)
    assert list(rows(empty_database, Kind.MOVIE)) == ["movie:one-2001"]


@pytest.mark.parametrize(("encoding", "recoded"), [("utf-8", 0), ("utf-8-sig", 0), ("cp1252", 1), ("latin-1", 1)])
def test_encodings_are_told_line_by_line(empty_database: Database, tmp_path: Path, encoding: str, recoded: int):
    path = write(tmp_path / "a.csv", "title,year", "Café Señor,2001", "Plain,2002", encoding=encoding)
    summary = load(empty_database, Kind.MOVIE, path)
    assert summary.recoded == recoded
    assert rows(empty_database, Kind.MOVIE)["movie:cafe-senor-2001"].title == "Café Señor"


def test_a_named_encoding_is_kept_to(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "a.csv", "title,year", "Żółw,2001", encoding="cp1250")
    load(empty_database, Kind.MOVIE, path, encoding="cp1250")
    assert [row.title for row in rows(empty_database, Kind.MOVIE).values()] == ["Żółw"]
    summary = load(empty_database, Kind.MOVIE, path, encoding="utf-8")
    assert "not utf-8" in rejected(summary)[0]["reason"]


def test_of_a_truncated_gzip_what_was_read_stays(empty_database: Database, tmp_path: Path):
    films = [film(f"Film {number}", 2000, f"tt{7_000_000 + number}") for number in range(3000)]
    path = tmp_path / "films.csv.gz"
    whole = gzip.compress("\n".join([FILMS, *films, ""]).encode())
    path.write_bytes(whole[: len(whole) // 2])
    summary = load(empty_database, Kind.MOVIE, path)
    assert 0 < summary.added < 3000
    assert len(rows(empty_database, Kind.MOVIE)) == summary.added
    assert "cut off or damaged" in rejected(summary)[-1]["reason"]
    path.write_bytes(whole)
    assert counts(load(empty_database, Kind.MOVIE, path)) == (3000 - summary.added, summary.added, 0, 0, 0)


def test_half_a_file_keeps_its_whole_rows(empty_database: Database, tmp_path: Path):
    path = tmp_path / "films.csv"
    path.write_text("\n".join([FILMS, film("Whole", 2001, "tt7654321"), film("Cut", 2002, "tt7654322")[:20]]))
    summary = load(empty_database, Kind.MOVIE, path)
    assert counts(summary) == (1, 0, 0, 0, 1)


def test_batches_before_a_failure_stay(empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    games = [f"{number},Game {number},2019,,Indie,Puzzle,0" for number in range(25)]
    path = write(tmp_path / "games.csv", GAMES, *games)
    monkeypatch.setattr(importer, "BATCH_ROWS", 10)

    def fail_late(*_: int) -> None:
        if len(rows(empty_database, Kind.GAME)) == 20:
            raise DatabaseUnavailableError("gone")

    request = importer.Request(Kind.GAME, path, tmp_path / "rejects")
    with pytest.raises(DatabaseUnavailableError):
        importer.import_file(empty_database, request, fail_late)
    assert len(rows(empty_database, Kind.GAME)) == 20
    assert counts(importer.import_file(empty_database, request)) == (5, 20, 0, 0, 0)


def test_formulas_are_text_and_a_header_alone_is_nothing(empty_database: Database, tmp_path: Path):
    load(empty_database, Kind.MOVIE, write(tmp_path / "a.csv", "title,year", "=1+1,2001", "@cmd,2002"))
    assert {row.title for row in rows(empty_database, Kind.MOVIE).values()} == {"=1+1", "@cmd"}
    summary = load(empty_database, Kind.MOVIE, write(tmp_path / "a.csv", "title,year", "", ""))
    assert (summary.read, counts(summary)) == (0, (0, 0, 0, 0, 0))


def test_an_external_id_of_another_kind_is_refused(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "a.csv", "title,imdb_id", "One,tt7654321")
    load(empty_database, Kind.MOVIE, path)
    summary = load(empty_database, Kind.GAME, path)
    assert counts(summary) == (0, 0, 0, 0, 1)
    assert "movie:one" in rejected(summary)[0]["reason"]


def test_quotes_that_are_never_closed_cost_no_more_than_the_file_is_long(empty_database: Database, tmp_path: Path):
    path = write(tmp_path / "films.csv", "title,creators", *['a",",'] * 20_000, "Good,Ann")
    began_s = time.process_time()
    summary = load(empty_database, Kind.MOVIE, path, format="plain")
    assert counts(summary) == (1, 0, 0, 0, 20_000)
    assert time.process_time() - began_s < 20
