"""Rows of a delimited text file. One bad row never takes the rows after it along."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from services.recommender.catalogue.records import Cells
from services.recommender.importing.errors import UnreadableFileError
from services.recommender.importing.lines import Line

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_ROW_LINES: Final = 200
"""A quote that is not closed by then never is; without a bound, a file of such quotes would be read again and again."""


class Row(NamedTuple):
    """A row and the line it begins on."""

    line: Line
    cells: Cells


class BadRow(NamedTuple):
    """A line that could not be imported, and why."""

    line: Line
    reason: str


class Header(NamedTuple):
    """What the first line says."""

    columns: Sequence[str]
    """Lower case."""
    delimiter: str


def read_header(lines: Iterator[Line], path: object) -> Header:
    """The column names; the delimiter is the one that parts the line into the most of them.

    Raises:
        UnreadableFileError: there is no line, it cannot be read, or it names a column twice.
    """
    first = next(lines, None)
    if first is None or first.problem:
        raise UnreadableFileError(path, first.problem if first else "it is empty")
    splits = {delimiter: _split(first.text, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: len(splits[each]))
    columns = [name.strip().lower() for name in splits[delimiter]]
    if len(set(columns)) < len(columns):
        raise UnreadableFileError(path, "its header names a column twice", "Give every column a name of its own.")
    return Header(columns, delimiter)


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


class RowReader:
    """Iterates over the rows below the header.

    After a row that cannot be parsed, e.g. for a quote that is never closed, reading goes on with its second line.

    Args:
        quoted: whether quotes enclose cells; else they are part of the text.
    """

    def __init__(self, lines: Iterator[Line], header: Header, *, quoted: bool) -> None:
        self._source = _Replay(lines)
        self._columns = header.columns
        quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        self._cells = csv.reader(self._source, delimiter=header.delimiter, quoting=quoting, strict=True)

    def __iter__(self) -> Iterator[Row | BadRow]:
        while True:
            self._source.taken.clear()
            try:
                cells = next(self._cells, None)
            except (csv.Error, _ProblemError) as error:
                yield BadRow(self._source.give_back(), str(error))
                continue
            if cells is None:
                return
            if cells:
                yield self._row(cells)

    def _row(self, cells: list[str]) -> Row | BadRow:
        line = self._source.joined()
        if len(cells) != len(self._columns):
            return BadRow(line, f"{len(cells)} cells where the header names {len(self._columns)}")
        return Row(line, dict(zip(self._columns, cells, strict=True)))


class _ProblemError(Exception):
    """A line cannot be used."""


class _Replay:
    """Hands lines to the parser, and can hand them out again. A generator would end with the first error."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_ROW_LINES:
            raise _ProblemError(f"a quote is not closed within {MAX_ROW_LINES} lines")
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        if line.problem:
            raise _ProblemError(line.problem)
        return line.text

    def give_back(self) -> Line:
        """The first line of the present row; the others come again."""
        first, *others = self.taken
        self._again.extendleft(reversed(others))
        return first

    def joined(self) -> Line:
        """The present row as it is written."""
        first = self.taken[0]
        return first if len(self.taken) == 1 else Line(first.number, "".join(line.text for line in self.taken))
