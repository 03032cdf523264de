"""Lines of a plain or gzip-compressed text file, in constant memory, whatever the file holds."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from services.recommender.importing.errors import UnreadableFileError

CHUNK_BYTES: Final = 256 * 1024
MAX_LINE_BYTES: Final = 1024 * 1024
"""A longer line is no row of a catalogue: it is reported and dropped."""
SHOWN_CHARACTERS: Final = 2000
"""Of a line that is dropped for its length."""

_GZIP: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A line with its end, and why it cannot be used; empty where it can."""

    number: int
    """From 1."""
    text: str
    problem: str = ""


class LineReader:
    """Reads a file once.

    A line that is not UTF-8 is read as Windows-1252, or as Latin-1 where it is not that either, and counted.

    Args:
        encoding: of every line; None tells each by itself.

    Raises:
        UnreadableFileError: the file cannot be opened, is UTF-16, or the encoding is unknown.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        try:
            "".encode(encoding or "utf-8")
            self._file = path.open("rb")
            self.size_bytes = path.stat().st_size
            head = self._file.peek(len(_UTF8_MARK))
        except (OSError, LookupError) as error:
            raise UnreadableFileError(path, error) from error
        if head[:2] in _UTF16_MARKS:
            self._file.close()
            raise UnreadableFileError(path, "it is UTF-16", "Save it as UTF-8.")
        self._encoding = encoding
        self._compressed = head[:2] == _GZIP
        self.recoded = 0
        """Lines that were not UTF-8."""

    @property
    def position_bytes(self) -> int:
        """How far the file, as it lies on the disk, has been read."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file; nothing more can be read."""
        self._file.close()

    def __iter__(self) -> Iterator[Line]:
        number, rest, skipping = 0, b"", False
        for chunk in self._chunks():
            if isinstance(chunk, str):
                yield self._line(number + 1, rest[:SHOWN_CHARACTERS], chunk)
                return
            *whole, rest = (rest + chunk).split(b"\n")
            for raw in whole:
                number += 1
                if skipping:
                    skipping = False
                else:
                    yield self._line(number, raw + b"\n")
            if len(rest) > MAX_LINE_BYTES and not skipping:
                yield self._line(number + 1, rest[:SHOWN_CHARACTERS], f"the line is longer than {MAX_LINE_BYTES} bytes")
                skipping = True
            rest = b"" if skipping else rest
        if rest:
            yield self._line(number + 1, rest)

    def _chunks(self) -> Iterator[bytes | str]:
        """The bytes of the text; at last, where there is more that cannot be read, the reason."""
        file: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=self._file) if self._compressed else self._file
        try:
            while chunk := file.read1(CHUNK_BYTES):
                yield chunk
        except (EOFError, OSError, zlib.error) as error:
            yield f"the file is cut off or damaged here, and nothing after it could be read: {error}"

    def _line(self, number: int, raw: bytes, problem: str = "") -> Line:
        if number == 1:
            raw = raw.removeprefix(_UTF8_MARK)
        try:
            text = raw.decode(self._encoding or "utf-8")
        except UnicodeDecodeError as error:
            text = self._fallback(raw)
            if self._encoding:
                problem = problem or f"not {self._encoding}: {error.reason}"
            else:
                self.recoded += 1
        if "\0" in text:
            problem = problem or "the line holds a NUL character"
        return Line(number, text, problem)

    def _fallback(self, raw: bytes) -> str:
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
