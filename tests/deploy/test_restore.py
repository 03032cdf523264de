"""The commands of docs/operating.md bring back what was backed up, and nothing of what came later."""

import shlex
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.deploy.test_compose import ROOT
from tests.postgresql import PASSWORD, PostgreSQL, postgresql

IN_THE_CONTAINER = "docker compose exec -T postgres "


@pytest.fixture(scope="module")
def server(postgresql_folder: Path) -> Generator[PostgreSQL]:
    with postgresql(postgresql_folder) as found:
        yield found


def run(server: PostgreSQL, program: str, dump: Path) -> subprocess.CompletedProcess[bytes]:
    """The command of the documentation that calls `program`, at `server`."""
    text = (ROOT / "docs" / "operating.md").read_text()
    (line,) = (line.strip() for line in text.splitlines() if line.strip().startswith(IN_THE_CONTAINER + program))
    into = program == "pg_dump"
    command, _, _ = line.removeprefix(IN_THE_CONTAINER).rpartition(" > " if into else " < ")
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": PASSWORD}
    name, *arguments = shlex.split(command)
    with dump.open("wb" if into else "rb") as file:
        streams = (None, file) if into else (file, None)
        called = [str(server.programs / name), *arguments]
        return subprocess.run(
            called, check=False, stdin=streams[0], stdout=streams[1], stderr=subprocess.PIPE, timeout=60, env=where
        )


@contextmanager
def connected(server: PostgreSQL, database: str) -> Generator[psycopg.Connection]:
    with psycopg.connect(server.plain_url.removesuffix("/postgres") + f"/{database}", autocommit=True) as connection:
        yield connection


def test_a_backup_goes_back_over_an_upgrade(server: PostgreSQL, tmp_path: Path):
    with connected(server, "postgres") as connection:
        connection.execute("CREATE DATABASE emoverse")
    with connected(server, "emoverse") as connection:
        connection.execute("CREATE TABLE account (id text PRIMARY KEY)")
        connection.execute("INSERT INTO account VALUES ('anna')")
    assert run(server, "pg_dump", tmp_path / "dump").returncode == 0
    with connected(server, "emoverse") as connection:
        connection.execute("CREATE TABLE mood_note (account text REFERENCES account)")
        connection.execute("INSERT INTO account VALUES ('berta')")
        connection.execute("INSERT INTO mood_note VALUES ('berta')")
        refused = run(server, "pg_restore", tmp_path / "dump")
        assert b"being accessed by other users" in refused.stderr
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (2,)
    restored = run(server, "pg_restore", tmp_path / "dump")
    assert restored.returncode == 0, restored.stderr
    with connected(server, "emoverse") as connection:
        assert connection.execute("SELECT id FROM account").fetchall() == [("anna",)]
        assert connection.execute("SELECT to_regclass('mood_note')").fetchone() == (None,)
