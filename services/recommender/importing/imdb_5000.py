"""The "IMDB 5000 Movie" CSV: films with director, genres, plot keywords, score and votes."""

from dataclasses import replace
from typing import Final

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord
from services.recommender.importing import cells as read
from services.recommender.importing.formats import Format
from services.recommender.importing.placing import placed, unplaced
from services.recommender.importing.saving import save_items

IMDB_ID: Final = r"tt\d{5,12}"
MINUTES: Final = (0, 100_000)


def _parse(cells: Cells, kind: Kind) -> ItemRecord:
    title, year = read.title(cells, "movie_title"), read.whole(cells, "title_year", read.YEARS)
    film = replace(
        unplaced(kind, title, read.words(cells, "director_name"), year),
        genres=read.terms(cells, "genres"),
        tags=read.terms(cells, "plot_keywords"),
        rating=read.number(cells, "imdb_score", read.RATINGS),
        votes=read.whole(cells, "num_voted_users", read.VOTES),
        duration_min=read.whole(cells, "duration", MINUTES),
        external_ids=read.known(imdb=read.identifier(cells, "movie_imdb_link", IMDB_ID)),
    )
    return placed(film)


FORMAT: Final = Format(
    name="imdb-5000",
    kinds=frozenset({Kind.MOVIE}),
    columns=("movie_title", "title_year", "genres", "imdb_score", "num_voted_users", "movie_imdb_link"),
    parse=_parse,
    save=save_items,
)
