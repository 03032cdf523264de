"""A PostgreSQL of the test's own, from the programs that the machine has."""

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standalone.ports import free_ports

PASSWORD: Final = "known-to-the-tests"
START_TIMEOUT_S: Final = 60.0


def postgresql_programs() -> Path | None:
    """The folder of initdb and its like; None where there is no PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@dataclass(frozen=True)
class PostgreSQL:
    """A server that has its data in `folder`."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Of its database."""
        return f"postgresql+psycopg://emoverse:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    @property
    def plain_url(self) -> str:
        """The same for psycopg alone."""
        return self.url.replace("+psycopg", "")

    @property
    def pid(self) -> int:
        """Its first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start it and wait until it answers; after a kill -9 that takes until the last of its processes has gone.

        Raises:
            subprocess.CalledProcessError: it did not start.
        """
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return self._run("pg_ctl", "start", "-w", "-s", "-l", str(self.folder / "log"), "-o", options)
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        """Stop it at once; it recovers when it is started again."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-s")

    def create(self) -> None:
        """Make its data folder."""
        (self.folder / "password").write_text(PASSWORD)
        asked = ("-A", "scram-sha-256", "--pwfile", str(self.folder / "password"))
        self._run("initdb", *asked, "-U", "emoverse", "-N", "-E", "UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        user = _account() if os.geteuid() == 0 else None
        output = subprocess.DEVNULL
        subprocess.run(
            command, check=True, user=user, cwd=self.folder, stdout=output, stderr=output, env={"LC_ALL": "C"}
        )


def _account() -> str:
    # PostgreSQL refuses to run as root.
    return "nobody" if os.geteuid() == 0 else getpass.getuser()


@contextmanager
def postgresql(programs: Path, disk_mb: int | None = None) -> Generator[PostgreSQL]:
    """Run one while open.

    Args:
        disk_mb: of a disk of its own, which only root can give it; else it shares this machine's.
    """
    # Its user must be able to reach the folder, which tempfile's would not let it.
    folder = Path(subprocess.check_output(["/bin/mktemp", "-d", "/tmp/emoverse-postgresql-XXXXXX"], text=True).strip())  # noqa: S108
    if disk_mb:
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", f"size={disk_mb}m", "tmpfs", folder], check=True)
    shutil.chown(folder, _account())
    server = PostgreSQL(programs, folder, free_ports(1)[0])
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        if disk_mb:
            subprocess.run(["/bin/umount", folder], check=True)
        shutil.rmtree(folder)
