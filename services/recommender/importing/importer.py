"""Imports one file: rows into records, records into batches, each batch in a transaction of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.recommendation import TRAITS, Kind
from servicekit.database import Database
from services.recommender.errors import UnknownChoiceError
from services.recommender.importing import (
    imdb_5000,
    imdb_ratings,
    imdb_titles,
    movielens_movies,
    plain,
    reviews,
    spotify_top_hits,
    steam,
)
from services.recommender.importing.errors import UnwritableRejectsError
from services.recommender.importing.formats import Format, choose_format
from services.recommender.importing.lines import Line, LineReader
from services.recommender.importing.rejects import Rejects
from services.recommender.importing.rows import BadRow, Row, RowReader, read_header
from services.recommender.importing.saving import Outcome, Seen

FORMATS: Final[Sequence[Format[Any]]] = (
    spotify_top_hits.FORMAT,
    imdb_5000.FORMAT,
    imdb_titles.FORMAT,
    imdb_ratings.FORMAT,
    movielens_movies.FORMAT,
    steam.FORMAT,
    reviews.FORMAT,
    plain.FORMAT,
)
"""The first whose columns are all there is chosen: the plain one, which needs the fewest, is the last."""
BATCH_ROWS: Final = 1000

Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been read."""


@dataclass(frozen=True)
class Request:
    """What to import."""

    kind: Kind
    path: Path
    rejects: Path
    format: str | None = None
    """None: whichever the header tells."""
    encoding: str | None = None
    """None: UTF-8, and Windows-1252 for lines that are not."""


@dataclass
class Summary:
    """What an import has done; `saving.Outcome` says what the words mean."""

    format: str
    read: int = 0
    added: int = 0
    updated: int = 0
    merged: int = 0
    skipped: int = 0
    rejected: int = 0
    recoded: int = 0
    """Lines that were read as Windows-1252, because they were not UTF-8."""
    rejects: str | None = None
    """The file that holds the rejected rows."""

    def add(self, outcome: Outcome) -> None:
        """Count a batch."""
        self.added += outcome.added
        self.updated += outcome.updated
        self.merged += outcome.merged
        self.skipped += outcome.skipped


def kind_named(name: str) -> Kind:
    """The kind of that name, or whose items or lists are called that.

    Raises:
        UnknownChoiceError: there is none.
    """
    for kind, traits in TRAITS.items():
        if name.lower().replace("-", "") in {kind, *traits.nouns, traits.title.lower().replace("-", "")}:
            return kind
    raise UnknownChoiceError("kind", name, list(Kind))


def rejects_file(folder: Path, path: Path) -> Path:
    """Where the rows that are not taken from a file are written, unless somebody says otherwise."""
    return folder / f"{path.name}.rejects.jsonl"


def import_file(database: Database, request: Request, on_progress: Progress | None = None) -> Summary:
    """Add what is in the file, or update what is known of it. What is committed stays, whatever happens later.

    Raises:
        UnwritableRejectsError: the rejected rows cannot be written; the batches before are saved.
        UnreadableFileError, UnknownFormatError, MissingColumnsError: nothing has been imported.
        UnavailableError: the database does not answer; the batches before are saved, and to import again is harmless.
    """
    if request.rejects.resolve() == request.path.resolve():
        raise UnwritableRejectsError(request.rejects, "it is the file to import")
    reader = LineReader(request.path, request.encoding)
    try:
        lines = iter(reader)
        header = read_header(lines, request.path)
        chosen = choose_format(FORMATS, request.kind, header.columns, request.format)
        rows = RowReader(lines, header, quoted=chosen.quoted)
        with Rejects(request.rejects) as rejects:
            work = _Import(database, chosen, request.kind, rejects)
            for batch in work.batches(rows):
                work.save(batch)
                if on_progress:
                    on_progress(reader.position_bytes, reader.size_bytes)
    finally:
        reader.close()
    work.summary.recoded = reader.recoded
    return work.finish()


class _Import:
    def __init__(self, database: Database, chosen: Format[Any], kind: Kind, rejects: Rejects) -> None:
        self.summary = Summary(chosen.name)
        self._database = database
        self._format = chosen
        self._kind = kind
        self._rejects = rejects
        self._seen = Seen()

    def batches(self, rows: RowReader) -> Iterator[list[tuple[Line, Any]]]:
        """The records and the lines they come from; what is no record is counted."""
        batch: list[tuple[Line, Any]] = []
        for row in rows:
            self.summary.read += 1
            if (record := self._record(row)) is not None:
                batch.append((row.line, record))
            if self.summary.read % BATCH_ROWS == 0:
                yield batch
                batch = []
        yield batch

    def _record(self, row: Row | BadRow) -> Any | None:
        """What the row says; None where that is nothing, which is counted."""
        if isinstance(row, BadRow):
            self._rejects.add(row)
            return None
        try:
            record = self._format.parse(row.cells, self._kind)
        except ValueError as error:
            self._rejects.add(BadRow(row.line, str(error)))
            return None
        self.summary.skipped += record is None
        return record

    def save(self, batch: Sequence[tuple[Line, Any]]) -> None:
        """Commit a batch."""
        if not batch:
            return
        with self._database.writing() as connection:
            outcome = self._format.save(connection, [record for _, record in batch], self._format.name, self._seen)
        for place, reason in outcome.rejected.items():
            self._rejects.add(BadRow(batch[place][0], reason))
        self.summary.add(outcome)

    def finish(self) -> Summary:
        """What has been done."""
        self.summary.rejected = self._rejects.count
        self.summary.rejects = str(self._rejects.path) if self._rejects.count else None
        return self.summary
