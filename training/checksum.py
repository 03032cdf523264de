"""The checksums of a version's files: `cd models/emotion/N && sha256sum -c SHA256SUMS` compares them, too."""

import hashlib
from pathlib import Path

from training.errors import ModelError

CHECKSUM_FILE = "SHA256SUMS"


def write_checksums(version_dir: Path) -> None:
    """Write the checksum of every file of the folder, replacing what was written before."""
    (version_dir / CHECKSUM_FILE).write_text(_checksums(version_dir), encoding="utf-8")


def verify_checksums(version_dir: Path) -> None:
    """Compare the folder with its checksums, if it has any: a SavedModel from elsewhere has none.

    Raises:
        ModelError: a file was changed, added or lost since they were written, or they cannot be read.
    """
    advice = "Fetch the version anew, or export it again with training.export."
    path = version_dir / CHECKSUM_FILE
    if not path.exists():
        return
    try:
        expected = set(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}).", advice) from error
    differing = expected ^ set(_checksums(version_dir).splitlines())
    if differing:
        names = sorted({line.partition("  ")[2] for line in differing})
        raise ModelError(f"{version_dir} differs from its {CHECKSUM_FILE} in {', '.join(names)}.", advice)


def _checksums(version_dir: Path) -> str:
    files = sorted(path for path in version_dir.rglob("*") if path.is_file() and path.name != CHECKSUM_FILE)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(version_dir).as_posix()}" for file in files
    ]
    return "".join(f"{line}\n" for line in lines)
