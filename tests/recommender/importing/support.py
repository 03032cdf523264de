"""Small files in the published formats, and what an import has made of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from contracts.recommendation import Item, Kind
from servicekit.database import Database
from services.recommender import catalogue_store
from services.recommender.importing.importer import Request, Summary, import_file
from services.recommender.schema import ItemRow

SONGS = (
    "artist,song,duration_ms,explicit,year,popularity,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,genre"
)
FILMS = "movie_title,title_year,genres,plot_keywords,director_name,duration,imdb_score,num_voted_users,movie_imdb_link"
GAMES = "Game,name,release,categories,genres,tags,playtime"
TITLES = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"
RATINGS = "tconst\taverageRating\tnumVotes"
LINK = "http://www.imdb.com/title/{}/?ref_=fn_tt_tt_1"


def song(artist: str, title: str, *, valence: object = 0.9, genre: str = "pop") -> str:
    return f'{artist},{title},200000,False,2001,50,0.7,0.8,1,-5.5,0,0.04,0.1,0,0.3,{valence},120,"{genre}"'


def film(title: str, year: object, imdb_id: str, *, score: object = 7.5, votes: object = 5000) -> str:
    return f"{title}\xa0,{year},Comedy|Drama,robot|harbour,Ann Director,95,{score},{votes},{LINK.format(imdb_id)}"


def write(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([*rows, ""]).encode(encoding))
    return path


def load(database: Database, kind: Kind, path: Path, **options: Any) -> Summary:
    return import_file(database, Request(kind, path, path.with_suffix(".rejects"), **options))


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    """Added, updated, merged, skipped, rejected."""
    return summary.added, summary.updated, summary.merged, summary.skipped, summary.rejected


def rejected(summary: Summary) -> list[dict[str, Any]]:
    assert summary.rejects
    return [json.loads(line) for line in Path(summary.rejects).read_text(encoding="utf-8").splitlines()]


def found(database: Database, item_ids: Iterable[str]) -> dict[str, Item]:
    with database.reading() as connection:
        return catalogue_store.items(connection, list(item_ids))


def rows(database: Database, kind: Kind) -> dict[str, Any]:
    """Every item of the kind as it lies in the table."""
    with database.reading() as connection:
        query = select(ItemRow.metadata.tables["item"]).where(ItemRow.kind == kind)
        return {row.id: row for row in connection.execute(query)}
