"""A sign of life, for those that serve no port: a file that is touched while the main loop turns.

Whoever watches restarts a process whose file is older than a minute; `docker-compose.yml` and the Kubernetes manifests
do. It costs no connection and starts no interpreter.
"""

from pathlib import Path
from typing import Any, Final

from celery import bootsteps

TOUCH_EVERY_S: Final = 10.0


def touch(file: Path | None) -> None:
    """Show that this process lives, if there is a file for that."""
    if file:
        file.touch()


def alive_step(file: Path) -> type[bootsteps.StartStopStep]:
    """A part of a Celery worker that touches the file as long as the worker's loop turns."""

    class Alive(bootsteps.StartStopStep):
        requires = ("celery.worker.components:Timer",)

        def start(self, parent: Any) -> None:
            touch(file)
            parent.timer.call_repeatedly(TOUCH_EVERY_S, touch, (file,), priority=10)

    return Alive
