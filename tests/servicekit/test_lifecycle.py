"""Real processes, real signals."""

import signal
import subprocess
import sys

import pytest

SERVICE = """
import sys
from contextlib import asynccontextmanager
from servicekit.errors import ConfigurationError
from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging

@asynccontextmanager
async def service():
    if "--broken" in sys.argv:
        raise ConfigurationError("The kettle is empty.", "Fill it.")
    print("open", flush=True)
    yield
    print("closed", flush=True)

configure_logging("teapot", log_format="json")
run_service(service)
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVICE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_service_and_exits_cleanly(number: signal.Signals):
    with start() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "closed\n")
    assert '"event": "ready"' in err


def test_a_service_that_cannot_start_says_why_and_exits_with_one():
    with start("--broken") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "The kettle is empty." in err
    assert "Fill it." in err
    assert "Traceback" not in err
