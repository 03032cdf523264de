"""Files to import, and settings."""

import gzip
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO
from typing import Any, Final

from hypothesis import strategies as st

from contracts.recommendation import Kind
from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from services.emotion.settings import EmotionSettings
from services.gateway.settings import GatewaySettings
from services.recommender.importing.importer import Request, import_file
from services.recommender.settings import RecommenderSettings
from standalone.settings import StackSettings
from tests.fuzz.inputs import TEXT, mangled
from tests.fuzz.stage import CrashError, Stage

HEADERS: Final = (
    "title,creators,genres,year", "Game,name,release,categories,genres,tags,playtime",
    ("artist,song,duration_ms,explicit,year,popularity,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,genre"),
    "movie_title,title_year,genres,plot_keywords,director_name,duration,imdb_score,num_voted_users,movie_imdb_link",
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres",
    "item_id,text,stars",
)  # fmt: skip


def files() -> st.SearchStrategy[tuple[Kind, bytes]]:
    """Tables and what is none, of every kind."""
    cell = TEXT | st.sampled_from(
        ["2001", "=cmd|'/c calc'!A1", "0.5", "nan", '"', '""', "tt0000001", "Pop|Rock", "\\N"]
    )
    row = st.lists(cell, min_size=1, max_size=18).map(",".join)
    table = st.tuples(st.sampled_from(HEADERS) | TEXT, st.lists(row, max_size=6)).map(
        lambda parts: "\n".join([parts[0], *parts[1]]).encode("utf-8", "replace")
    )
    whole = (
        table
        | st.binary(max_size=200)
        | table.map(gzip.compress)
        | table.flatmap(lambda data: mangled([gzip.compress(data), data]))
    )
    return st.tuples(st.sampled_from(list(Kind)), whole)


def feed_file(stage: Stage, given: tuple[Kind, bytes]) -> None:
    """Import it."""
    kind, data = given
    path = stage.folder / "given.csv"
    path.write_bytes(data)
    with suppress(EmoVerseError):
        import_file(stage.imports, Request(kind, path, stage.folder / "rejects.jsonl"))
    stage.require_no_bug()


SETTINGS: Final[tuple[Any, ...]] = (EmotionSettings, RecommenderSettings, GatewaySettings, StackSettings)


def _variables(kind: Any) -> list[str]:
    prefix = kind.model_config.get("env_prefix", "")
    return [field.validation_alias or f"{prefix}{name}".upper() for name, field in kind.model_fields.items()]


def environments() -> st.SearchStrategy[tuple[Any, dict[str, str]]]:
    """Settings of every process."""
    value = (TEXT | st.integers().map(str) | st.floats().map(str) | st.sampled_from(
        ["sqlite:///x.db", "postgresql://", "http://[", "redis://:@/x", "/etc/passwd", "/", "127.0.0.1:0", "true"]
    )).filter(lambda text: "\x00" not in text)  # fmt: skip
    return st.one_of(
        [
            st.tuples(st.just(kind), st.dictionaries(st.sampled_from(_variables(kind)), value, max_size=4))
            for kind in SETTINGS
        ]
    )


def feed_settings(_stage: Stage, given: tuple[Any, dict[str, str]]) -> None:
    """Read them as a process does that starts."""
    kind, environment = given
    told = StringIO()
    with _environment(environment), redirect_stderr(told):
        try:
            load_settings(kind)
        except SystemExit as error:
            if error.code != 2 or not told.getvalue():
                raise CrashError(f"ended with {error.code} and said {told.getvalue()!r}") from error


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in values.items() if _can_be_set(value)})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _can_be_set(value: str) -> bool:
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True
