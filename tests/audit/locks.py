"""Whether the lock files pin everything to what was reviewed, and name no address to fetch it from."""

import json
import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
REQUIREMENTS: Final = sorted((ROOT / "requirements").glob("*.lock"))
"""The first holds everything."""
PACKAGE_LOCK: Final = ROOT / "services" / "gateway" / "web" / "package-lock.json"

_PINNED: Final = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[^\s;]+( ; [^\\]+)?$")
_HASH: Final = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def problems_of_requirements(path: Path) -> list[str]:
    """What is not pinned to a version with SHA-256 hashes, in a requirements file."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    entries = [line.strip() for line in text.replace("\\\n", "").splitlines() if line.strip()]
    problems: list[str] = []
    for entry in entries:
        requirement, *hashes = re.split(r"\s+(?=--hash=)", entry)
        if not _PINNED.match(requirement.strip()):
            problems.append(f"{path.name}: {requirement.strip()} is not pinned to a version by name alone")
        if not hashes or not all(_HASH.match(each.strip()) for each in hashes):
            problems.append(f"{path.name}: {requirement.strip()} has no SHA-256 hash")
    return problems


def problems_of_package_lock(path: Path) -> list[str]:
    """What npm would install without comparing it to a SHA-512 digest, or from an address of its own."""
    packages: dict[str, Any] = json.loads(path.read_text())["packages"]
    problems: list[str] = []
    for name, package in packages.items():
        if name and not package.get("integrity", "").startswith("sha512-"):
            problems.append(f"{path.name}: {name} has no SHA-512 digest")
        if "resolved" in package:
            problems.append(f"{path.name}: {name} is fetched from an address of its own")
    return problems
