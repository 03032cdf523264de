"""The rows that an import could not take."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from services.recommender.importing.errors import UnwritableRejectsError
from services.recommender.importing.rows import BadRow

MAX_ROW_CHARACTERS: Final = 20_000


class Rejects:
    """Writes one JSON object per line: `line`, `reason`, and `row` as it was in the file, shortened where it is huge.

    JSON, because a spreadsheet that opened a CSV of them would run the formulas in it. The file is written anew by
    each import, and is not there where nothing was rejected.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Remove what an earlier import has written."""
        with self._explained():
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, bad: BadRow) -> None:
        """Write one row.

        Raises:
            UnwritableRejectsError: the file cannot be written.
        """
        self.count += 1
        row = bad.line.text.rstrip("\r\n")[:MAX_ROW_CHARACTERS]
        with self._explained():
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8")
            self._file.write(json.dumps({"line": bad.line.number, "reason": bad.reason, "row": row}) + "\n")

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise UnwritableRejectsError(self.path, error) from error
