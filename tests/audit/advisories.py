"""Whether anything that is locked is known to be vulnerable: asks those who keep advisories."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

TIMEOUT_S: Final = 300
OSV_URL: Final = "https://api.osv.dev/v1/query"


class Answer(NamedTuple):
    """What was learned of one thing."""

    what: str
    asked: int
    """How many of it were looked at."""
    findings: list[str]
    unasked: str = ""
    """Why nothing is known of some, or of all."""


def ask_pip_audit(lock: Path, osv_url: str = OSV_URL) -> Answer:
    """The Python packages of a lock file: asks PyPI, and OSV about what PyPI does not answer."""
    answer = _pip_audit(lock, "pypi")
    return answer if not answer.unasked else _pip_audit(lock, "osv", "--osv-url", osv_url)


def _pip_audit(lock: Path, service: str, *options: str) -> Answer:
    what = f"advisories on Python packages ({service})"
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--require-hashes"]
        command += ["--vulnerability-service", service, *options]
        command += ["--format", "json", "--output", str(report), "--progress-spinner", "off"]
        run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
        if not report.is_file():
            return Answer(what, 0, [], _last_line(run.stderr))
        return _read_pip_audit(what, json.loads(report.read_text())["dependencies"])


def _read_pip_audit(what: str, packages: list[dict[str, Any]]) -> Answer:
    skipped = [package for package in packages if "skip_reason" in package]
    findings = [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'nothing'}"
        for package in packages
        for each in package.get("vulns", ())
    ]
    unasked = f"{len(skipped)} packages, e.g. {skipped[0]['skip_reason']}" if skipped else ""
    return Answer(what, len(packages) - len(skipped), findings, unasked)


def ask_npm(folder: Path) -> Answer:
    """The npm packages of the lock file in a folder."""
    npm = Path(sys.executable).with_name("npm")
    command = [str(npm), "audit", "--json", "--package-lock-only"]
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    return read_npm(run.stdout)


def read_npm(output: str) -> Answer:
    """What `npm audit --json` said (npm's audit report, version 2)."""
    what = "advisories on npm packages"
    report: dict[str, Any] = json.loads(output or "{}")
    if "vulnerabilities" not in report:
        return Answer(what, 0, [], str(report.get("message", "npm said nothing")))
    findings = [f"{name} {each['range']}: {each['severity']}" for name, each in report["vulnerabilities"].items()]
    return Answer(what, report["metadata"]["dependencies"]["total"], findings)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no answer"])[-1][:200]
