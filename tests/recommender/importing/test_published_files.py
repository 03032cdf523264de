"""The datasets as they are published import whole, and a second time change nothing."""

from pathlib import Path

import pytest

from contracts.recommendation import Kind
from servicekit.database import Database
from services.recommender.importing.importer import Request, import_file
from tests.recommender.importing.support import rows

DATA = Path(__file__).parents[3] / "../shared/data"


@pytest.mark.parametrize(
    ("kind", "name", "before", "format_name", "fewest"),
    [
        (Kind.MUSIC, "music/songs_normalize.csv", None, "spotify-top-hits", 1900),
        (Kind.MOVIE, "movies/movie_metadata.csv", None, "imdb-5000", 4900),
        (Kind.GAME, "games/steam.csv", None, "steam", 27_000),
        (Kind.MOVIE, "movielens/movies.csv", None, "movielens-movies", 9700),
        (Kind.MOVIE, "movies/reviews.csv.gz", "movies/movie_metadata.csv", "reviews", 4900),
    ],
)
def test_a_published_file_imports_whole_and_once(
    database: Database, tmp_path: Path, kind: Kind, name: str, before: str | None, format_name: str, fewest: int
):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the published file is not at {path}")
    if before:
        import_file(database, Request(kind, DATA / before, tmp_path / "rejects"))
    first = import_file(database, Request(kind, path, tmp_path / "rejects"))
    items = rows(database, kind)
    second = import_file(database, Request(kind, path, tmp_path / "rejects"))
    assert (first.format, first.rejected, first.skipped) == (format_name, 0, 0)
    assert first.read == first.added + first.merged
    assert len(items) >= fewest
    assert (second.added, second.rejected, second.read) == (0, 0, first.read)
    assert rows(database, kind) == items
