"""What an importer is, and which one a file needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection

from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells
from services.recommender.importing.errors import MissingColumnsError, UnknownFormatError
from services.recommender.importing.saving import Outcome, Seen

RecordT = TypeVar("RecordT")


@dataclass(frozen=True)
class Format(Generic[RecordT]):
    """How to read one kind of file."""

    name: str
    """What the items' `source` and the command line call it."""
    kinds: frozenset[Kind]
    columns: Sequence[str]
    """That must be there, lower case."""
    parse: Callable[[Cells, Kind], RecordT | None]
    """A record, or None for a row that is not for this catalogue. ValueError says what is wrong with a row."""
    save: Callable[[Connection, Sequence[RecordT], str, Seen], Outcome]
    """Write one batch, in the transaction of the connection."""
    quoted: bool = True
    """Whether quotes enclose cells."""


def choose_format(
    formats: Sequence[Format[Any]], kind: Kind, header: Sequence[str], name: str | None = None
) -> Format[Any]:
    """The format of that name, else the first one whose columns the header has.

    Raises:
        UnknownFormatError: the kind has no format of that name.
        MissingColumnsError: the header lacks columns of the format, or of every one.
    """
    fitting = [each for each in formats if kind in each.kinds and name in (None, each.name)]
    if not fitting:
        raise UnknownFormatError(name or "", kind, [each.name for each in formats if kind in each.kinds])
    for each in fitting:
        if set(each.columns) <= set(header):
            return each
    raise MissingColumnsError(header, [(each.name, each.columns) for each in fitting])


EVERY_KIND: Final = frozenset(Kind)
