from pathlib import Path

import pytest

from training.errors import RunLogError
from training.record import read_record
from training.runs import add_run, read_runs, summarise


def test_a_finished_run_is_logged_once_with_its_scores(exported: Path, run_dir: Path) -> None:
    (run,) = read_runs(run_dir / "runs.jsonl")
    assert run.name == "tiny"
    assert run.record == read_record(exported)
    assert run.minutes is not None
    add_run(run_dir / "runs.jsonl", run)
    assert read_runs(run_dir / "runs.jsonl") == [run]


def test_runs_of_other_names_or_configurations_are_kept_in_order(exported: Path, tmp_path: Path) -> None:
    record = read_record(exported)
    longer = record.model_copy(update={"config": record.config.model_copy(update={"epochs": 9})})
    runs = [summarise("a", record, tmp_path), summarise("b", record, tmp_path), summarise("a", longer, tmp_path)]
    for run in runs:
        add_run(tmp_path / "runs.jsonl", run)
    assert read_runs(tmp_path / "runs.jsonl") == runs
    assert runs[0].minutes is None


def test_no_file_is_no_runs_and_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    assert read_runs(path) == []
    path.write_text("not a run\n")
    with pytest.raises(RunLogError, match=r"runs\.jsonl is not a log of runs"):
        read_runs(path)
