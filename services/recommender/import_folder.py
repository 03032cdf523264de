"""The folder that the workers import from: what lies in it, and what comes in."""

import errno
import filecmp
import os
import re
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ClassVar, Final

from contracts.uploads import FILE_NAME_PATTERN
from servicekit.errors import ConfigurationError, ConflictError, InvalidInputError, TooLargeError, UnavailableError

MAX_NAME_BYTES: Final = 200
"""A file system takes 255; the name of the rejects is longer."""
ABANDONED_S: Final = 3600.0
"""What came in and was not written to for so long was left behind by a process that was killed."""

_COMING: Final = ".coming-"
_NAME: Final = re.compile(FILE_NAME_PATTERN)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NotInImportFolderError(InvalidInputError):
    """What is named lies elsewhere, or cannot be a file there."""

    default_code: ClassVar[str] = "not_in_import_folder"

    def __init__(self, file: str, advice: str) -> None:
        super().__init__(f"{file[:200]!r} is no file in the import folder.", advice)


class FileThereError(ConflictError):
    """Another file has that name."""

    default_code: ClassVar[str] = "file_there"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is another file {name!r} in the import folder.", "Give this one another name.")


class ImportFolderFullError(UnavailableError):
    """There is no room for the file; nothing of it is kept."""

    default_code: ClassVar[str] = "import_folder_full"

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"The import folder has no room: {reason}.", "Delete files that were imported, and send it again."
        )


class ImportFolder:
    """Every method blocks.

    Args:
        folder: as the workers see it.
        max_bytes: of one file that comes in.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def path_of(self, file: str) -> Path:
        """Where a file is to lie, which its name, as a path in the folder, must not lead out of.

        Raises:
            NotInImportFolderError: it does.
        """
        folder = self._folder.resolve()
        path = folder if "\0" in file else (folder / file).resolve()
        if not file or not path.is_relative_to(folder) or path == folder:
            raise NotInImportFolderError(
                file, "Put the file into the workers' RECOMMENDER_IMPORT_FOLDER and give its path in there."
            )
        return path

    def receive(self, name: str, size_bytes: int) -> "IncomingFile":
        """Begin to take in a file.

        Args:
            name: under which it is to lie in the folder itself.
            size_bytes: 0: not known yet.

        Raises:
            NotInImportFolderError: the name is none.
            TooLargeError, FileThereError: it cannot become a file there, as far as can be told already.
            ImportFolderFullError: there is no room for it.
            ConfigurationError: the folder cannot be written.
        """
        if not _NAME.fullmatch(name) or len(name.encode()) > MAX_NAME_BYTES:
            raise NotInImportFolderError(name, f"Choose a name without '/', of up to {MAX_NAME_BYTES} bytes.")
        if size_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        path = self.path_of(name)
        with _explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep(path)
            if size_bytes and path.exists() and path.stat().st_size != size_bytes:
                raise FileThereError(name)
            return IncomingFile(path, self._max_bytes)

    def _sweep(self, path: Path) -> None:
        """Delete what was coming in, and this name where it was taken and nothing came."""
        for left in (*self._folder.glob(f"{_COMING}*"), path):
            with suppress(FileNotFoundError):
                found = left.stat()
                is_nothing = left != path or (left.is_file() and not found.st_size)
                if is_nothing and time.time() - found.st_mtime > ABANDONED_S:
                    left.unlink()


class IncomingFile:
    """A file that is written under a name of its own, which goes when it is closed. Every method blocks.

    `write` and `publish` raise `ImportFolderFullError`, and `ConfigurationError` where the folder cannot be written.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.size_bytes = 0
        self._path = path
        self._max_bytes = max_bytes
        self._file = NamedTemporaryFile(prefix=_COMING, dir=path.parent)  # noqa: SIM115  (closed by `close`)

    def write(self, chunk: bytes) -> None:
        """Add to it.

        Raises:
            TooLargeError: it would be larger than is taken.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        with _explained(self._path.parent):
            self._file.write(chunk)

    def publish(self) -> bool:
        """Give it its name, whole and on the disk; whether the same file was there before.

        Raises:
            InvalidInputError: nothing has come.
            FileThereError: another file has the name.
        """
        if not self.size_bytes:
            raise InvalidInputError("The file is empty.", "Send its bytes as the body.", code="file_empty")
        with _explained(self._path.parent):
            self._file.flush()
            os.fsync(self._file.fileno())
            try:
                _place(Path(self._file.name), self._path)
            except FileExistsError as error:
                if not filecmp.cmp(self._file.name, self._path, shallow=False):
                    raise FileThereError(self._path.name) from error
                return True
        return False

    def close(self) -> None:
        """Keep nothing but what was published. What is being written in another thread is waited for."""
        with suppress(OSError):
            self._file.close()


def _place(came: Path, path: Path) -> None:
    """Give what came this name, unless something has it."""
    try:
        # Unlike a rename, this never replaces what is there.
        os.link(came, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has hard links: take the name first.
        path.touch(exist_ok=False)
        came.replace(path)


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(
        f"A file to import may have {max_bytes} bytes.",
        "Compress it with gzip, send it in parts, or raise RECOMMENDER_MAX_UPLOAD_MIB.",
        code="file_too_large",
    )


@contextmanager
def _explained(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ImportFolderFullError(error.strerror) from error
        raise ConfigurationError(
            f"The import folder {folder} cannot be written: {error.strerror}.",
            "Give it to the user of the recommender, or set RECOMMENDER_IMPORT_FOLDER to another.",
            code="import_folder_unwritable",
        ) from error
