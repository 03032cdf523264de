"""What was tried: one line of JSON for each finished run, kept with the model card and shown in it."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from training.errors import RunLogError
from training.record import RunRecord


class Run(BaseModel):
    """A finished run. Its scores are those of the selection part, which chose the epoch; validation takes no part."""

    model_config = ConfigDict(frozen=True)

    name: str
    minutes: float | None
    """Of training, idle or not; None where no log was kept."""

    record: RunRecord


def summarise(name: str, record: RunRecord, run_dir: Path) -> Run:
    """The run that `run_dir` holds the log of."""
    return Run(name=name, minutes=_minutes(run_dir / "log.jsonl"), record=record)


def add_run(path: Path, run: Run) -> None:
    """Append the run, or replace the one of the same name and configuration.

    Raises:
        RunLogError: a line of the file is not one that this code writes.
    """
    kept = [other for other in read_runs(path) if (other.name, other.record.config) != (run.name, run.record.config)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{each.model_dump_json()}\n" for each in [*kept, run]), encoding="utf-8")


def read_runs(path: Path) -> list[Run]:
    """Every run in the file, the oldest first; none if there is no file.

    Raises:
        RunLogError: a line of the file is not one that this code writes.
    """
    if not path.exists():
        return []
    try:
        return [Run.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise RunLogError(f"{path} is not a log of runs ({error}).", "Restore it from the repository.") from error


def _minutes(log: Path) -> float | None:
    if not log.exists():
        return None
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return sum(entry["seconds"] for entry in entries) / 60
