"""The audit finds what it is for, and tells apart what is well from what nobody could be asked."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from tests.audit.advisories import ask_pip_audit, read_npm
from tests.audit.locks import PACKAGE_LOCK, REQUIREMENTS, problems_of_package_lock, problems_of_requirements

HASH = "a" * 64


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_our_python_locks_pin_everything_by_hash(path: Path):
    assert problems_of_requirements(path) == []


def test_our_npm_lock_pins_everything_by_hash():
    assert problems_of_package_lock(PACKAGE_LOCK) == []


@pytest.mark.parametrize(
    "line",
    [
        "requests==2.33.0",
        f"requests>=2 --hash=sha256:{HASH}",
        "requests==2.33.0 --hash=md5:0123",
        f"requests @ https://example.org/requests.whl --hash=sha256:{HASH}",
        f"-e . --hash=sha256:{HASH}",
    ],
)
def test_what_is_not_pinned_by_hash_is_found(tmp_path: Path, line: str):
    lock = tmp_path / "bad.lock"
    lock.write_text(f"good==1.0 \\\n    --hash=sha256:{HASH}\n{line}\n")
    assert problems_of_requirements(lock)


@pytest.mark.parametrize(
    "package", [{}, {"integrity": "sha1-abc"}, {"integrity": "sha512-abc", "resolved": "http://x"}]
)
def test_an_npm_package_without_a_digest_or_with_an_address_is_found(tmp_path: Path, package: dict[str, str]):
    lock = tmp_path / "package-lock.json"
    lock.write_text(json.dumps({"packages": {"": {}, "node_modules/x": package}}))
    assert problems_of_package_lock(lock)


class Osv(BaseHTTPRequestHandler):
    """Knows of one vulnerability: in the package `emoverse-vulnerable`."""

    known: ClassVar = {
        "id": "PYSEC-2026-1",
        "summary": "Bad.",
        "modified": "2026-01-01T00:00:00Z",
        "published": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"name": "emoverse-vulnerable", "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
            }
        ],
    }

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": [self.known]} if asked["package"]["name"] == "emoverse-vulnerable" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (named by the library)
        """Say nothing."""


@pytest.fixture
def osv_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Osv) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text(f"emoverse-harmless==1.0 --hash=sha256:{HASH}\nemoverse-vulnerable==1.0 --hash=sha256:{HASH}\n")
    return path


def test_a_vulnerable_package_is_found(lock: Path, osv_url: str):
    answer = ask_pip_audit(lock, osv_url)
    assert answer.asked == 2
    (finding,) = answer.findings
    assert finding.startswith("emoverse-vulnerable 1.0: PYSEC-2026-1")
    assert "1.1" in finding


def test_whoever_cannot_be_asked_is_no_finding_and_is_told(lock: Path):
    answer = ask_pip_audit(lock, "http://127.0.0.1:9/v1/query")
    assert (answer.asked, answer.findings) == (0, [])
    assert answer.unasked


def test_what_npm_reports_is_read():
    report = {
        "vulnerabilities": {"vite": {"range": "<8.1.0", "severity": "high"}},
        "metadata": {"dependencies": {"total": 119}},
    }
    answer = read_npm(json.dumps(report))
    assert (answer.asked, answer.findings) == (119, ["vite <8.1.0: high"])


def test_npm_that_cannot_ask_is_no_finding_and_is_told():
    answer = read_npm(json.dumps({"message": "405 Method Not Allowed", "statusCode": 405}))
    assert (answer.asked, answer.findings, answer.unasked) == (0, [], "405 Method Not Allowed")
