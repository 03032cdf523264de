import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from contracts.model import MODEL_NAME
from tests.training.support import synthetic_arrays
from training.card import write_card
from training.dataset import load_dataset
from training.errors import ModelError
from training.evaluate import main
from training.metrics import score
from training.report import evaluate
from training.runs import read_runs
from training.served import ServedModel, newest_version
from training.speed import Speed

MODELS = Path("models") / MODEL_NAME
SPEEDS = [Speed(model="SavedModel", batch=16, calls=3, median_ms=2.5, fastest_ms=2.0)]
VALIDATION = Path("../shared/data/fer2013/validation.npz")


@pytest.mark.timeout(300)  # a process that imports TensorFlow on a busy machine
def test_standard_output_is_one_json_object_with_the_served_model_s_figures(data_dir: Path) -> None:
    file = data_dir / "validation.npz"
    command = [sys.executable, "-m", "training.evaluate", str(file), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    dataset = load_dataset(file)
    expected = score(ServedModel(newest_version(MODELS)).read(dataset.images).probabilities, dataset.ferplus_label)
    assert {name: report["ferplus"][name] for name in ("n", "accuracy")} == {"n": 28, "accuracy": expected.accuracy}
    assert report["ferplus"]["macro_f1"] == pytest.approx(expected.macro_f1)
    assert report["ferplus"]["ece"] == pytest.approx(expected.ece, abs=1e-4)
    assert report["fer2013"].keys() >= {"n", "accuracy", "macro_f1", "ece"}


def test_a_wrong_file_fails_with_its_name_and_nothing_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "faces[/lab].npz"
    file.parent.mkdir()
    file.write_text("text")
    with pytest.raises(typer.Exit) as caught:
        main(file, as_json=True)
    printed = capsys.readouterr()
    assert (caught.value.exit_code, printed.out) == (1, "")
    said = "".join(printed.err.split())
    assert "faces[/lab].npz" in said
    assert "cannotbereadasannpzfile" in said


def test_faces_without_an_emotion_majority_count_for_the_original_labels_only(exported: Path, tmp_path: Path) -> None:
    arrays = synthetic_arrays(14)
    arrays["ferplus_votes"][:3] = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0]
    np.savez(tmp_path / "faces.npz", allow_pickle=False, **arrays)
    report = evaluate(ServedModel(exported), load_dataset(tmp_path / "faces.npz"), tmp_path / "faces.npz")
    assert (report.ferplus.n, report.fer2013.n, report.faces) == (11, 14, 14)
    assert sum(c.n for c in report.ferplus.per_class.values()) == 11


@pytest.mark.parametrize(("torn", "agreed"), [(3, 11), (14, None)])
def test_faces_that_the_annotators_agree_on_are_measured_by_themselves_too(
    exported: Path, tmp_path: Path, torn: int, agreed: int | None
) -> None:
    arrays = synthetic_arrays(14)
    arrays["ferplus_votes"][:torn] = [4, 3, 3, 0, 0, 0, 0, 0, 0, 0]
    np.savez(tmp_path / "faces.npz", allow_pickle=False, **arrays)
    report = evaluate(ServedModel(exported), load_dataset(tmp_path / "faces.npz"), tmp_path / "faces.npz")
    assert report.ferplus.n == 14
    assert (report.ferplus_agreed and report.ferplus_agreed.n) == agreed


def test_the_card_tells_the_report_s_figures(exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "validation.npz"
    report = evaluate(ServedModel(exported), load_dataset(file), file)
    runs = read_runs(run_dir / "runs.jsonl")
    write_card(tmp_path / "card", report, exported, SPEEDS, runs)
    text = (tmp_path / "card" / "README.md").read_text(encoding="utf-8")
    assert f"{report.ferplus.accuracy:.4f}" in text
    assert f"{report.fer2013.macro_f1:.4f}" in text
    assert f"| tiny | chance |  | residual | {runs[0].record.parameters:,} | 2 |" in text
    assert all(f"| {name} | {accuracy:.4f} |" in text for name, accuracy in report.robustness.items())
    pictures = {path.name for path in (tmp_path / "card").glob("*.png")}
    assert pictures == {name.split("](")[1].split(")")[0] for name in text.split("![")[1:]}
    again = tmp_path / "again"
    write_card(again, report, exported, SPEEDS, runs)
    for path in (tmp_path / "card").iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_the_card_speaks_of_faces_agreed_on_only_where_there_are_any(
    exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    file, runs = data_dir / "validation.npz", read_runs(run_dir / "runs.jsonl")
    report = evaluate(ServedModel(exported), load_dataset(file), file)
    assert report.ferplus_agreed
    for each in (report, report.model_copy(update={"ferplus_agreed": None})):
        write_card(tmp_path, each, exported, SPEEDS, runs)
        text = (tmp_path / "README.md").read_text(encoding="utf-8")
        assert ("more than half" in text, "The second row" in text) == (each is report, each is report)


def test_the_card_tells_what_a_run_began_from_and_learned_from(
    exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    file, (run, *_) = data_dir / "validation.npz", read_runs(run_dir / "runs.jsonl")
    lineage = {
        "init": "pretrained/faceres.weights.h5 sha256:ab",
        "teachers": "emotion/1 sha256:cd, fit/checkpoint.npz sha256:ef",
    }
    taught = run.model_copy(update={"record": run.record.model_copy(update=lineage)})
    write_card(tmp_path, evaluate(ServedModel(exported), load_dataset(file), file), exported, SPEEDS, [taught])
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| tiny | pretrained/faceres.weights.h5 | emotion/1, fit | residual |" in text


def test_a_version_without_its_run_record_has_no_card(exported: Path, data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "validation.npz"
    report = evaluate(ServedModel(exported), load_dataset(file), file)
    with pytest.raises(ModelError, match=r"run\.json"):
        write_card(tmp_path / "card", report, tmp_path, SPEEDS, [])


@pytest.mark.skipif(not VALIDATION.exists(), reason=f"{VALIDATION} is not here")
def test_the_served_model_reads_real_faces() -> None:
    dataset = load_dataset(VALIDATION)
    readings = ServedModel(newest_version(MODELS)).read(dataset.images)
    known = dataset.ferplus_label >= 0
    assert score(readings.probabilities[known], dataset.ferplus_label[known]).accuracy >= 0.75
    assert score(readings.fer2013_probabilities, dataset.fer2013_label).accuracy >= 0.55
