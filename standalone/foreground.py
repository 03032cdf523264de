"""Takes the terminal's Ctrl-C alone."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def foreground_group() -> Generator[None]:
    """While open, this process leads a foreground process group of its own, where a terminal started it.

    A terminal sends Ctrl-C to its whole foreground group. Started by `make`, that is make as well, which would report a
    clean stop as a failure. Without a terminal, or with the group its own already, nothing changes.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        before = os.tcgetpgrp(terminal)
        if before in (os.getpid(), 0) or before != os.getpgrp():
            yield
            return
        os.setpgid(0, 0)
        _hand_over(terminal, os.getpgrp())
        try:
            yield
        finally:
            _hand_over(terminal, before)
    finally:
        os.close(terminal)


def _hand_over(terminal: int, group: int) -> None:
    # Whoever is not in the foreground would be stopped for this.
    handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, group)
    finally:
        signal.signal(signal.SIGTTOU, handler)
