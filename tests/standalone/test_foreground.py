"""Under a real terminal and a real make."""

import os
import pty
import shutil
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys
from standalone.foreground import foreground_group

with foreground_group():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    print("waiting", flush=True)
    signal.sigwait({signal.SIGINT})
print("stopped", flush=True)
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_ctrl_c_under_make_stops_the_program_and_make_reports_success(tmp_path: Path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "Makefile").write_text(
        f"run:\n\t@PYTHONPATH={Path.cwd()} exec {sys.executable} {tmp_path}/program.py\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("make", ["make", "-C", str(tmp_path), "run"])  # noqa: S606, S607  (whichever make there is)
    output = read_until(terminal, b"waiting")
    os.write(terminal, b"\x03")
    output += read_until(terminal, b"stopped")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, output.decode()


def read_until(terminal: int, wanted: bytes) -> bytes:
    output = b""
    while wanted not in output:
        output += os.read(terminal, 1024)
    return output
