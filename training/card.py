"""The model card: docs/model/README.md and its pictures, generated from a report and the run that made the version."""

from pathlib import Path

from contracts.emotion import EMOTIONS
from training.errors import ModelError
from training.export import RUN_FILE, RunRecord
from training.pictures import draw_confusion, draw_reliability, draw_risk_coverage
from training.report import HeadReport, Report


def write_card(folder: Path, report: Report, version_dir: Path) -> None:
    """Write README.md and its pictures to `folder`, which is made if absent.

    Raises:
        ModelError: the version has no readable run record, so that how it was made cannot be told.
    """
    record = _read_record(version_dir / RUN_FILE)
    folder.mkdir(parents=True, exist_ok=True)
    draw_confusion(folder / "confusion.png", report.ferplus)
    draw_reliability(folder / "calibration.png", report.ferplus)
    draw_risk_coverage(folder / "risk-coverage.png", report.uncertainty)
    sections = (
        _model(report, record),
        _data(record),
        _results(report),
        _classes("FER+", report.ferplus),
        _classes("FER-2013", report.fer2013),
        _calibration(report, record),
        _use(report),
    )
    (folder / "README.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _read_record(path: Path) -> RunRecord:
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}).", "Export the version again with training.train."
        ) from error


def _model(report: Report, record: RunRecord) -> str:
    config = record.config
    return f"""# Model card: {report.model}

Written by `make evaluate` from the evaluation and from the version's own `{RUN_FILE}`; not edited by hand.

A convolutional network ({config.network.kind}, {record.parameters:,} parameters, {report.size_bytes / 1e6:.1f} MB as a
SavedModel) that reads one of seven emotions from a grey face of 48 x 48 pixels. It has two heads: one learned from the
votes of the FER+ annotators, which the product uses, and one learned from the original FER-2013 labels, for comparison
with published work. Preprocessing, calibration and the names of the emotions are part of the serving signature."""


def _data(record: RunRecord) -> str:
    config = record.config
    return f"""## Data and protocol

FER-2013 (Goodfellow et al., 2013) with the FER+ votes (Barsoum et al., 2016).

| part | faces |
|---|---|
| learned from | {record.train_faces:,} |
| held back to choose the epoch, the temperatures and the threshold | {record.selection_faces:,} |
| left out: the same picture is in the validation file | {record.duplicates_of_validation:,} |
| left out: the same picture is in the held-back part | {record.duplicates_of_selection:,} |

The validation file served only to find and leave out the training faces that repeat its pictures (correlation of
16 x 16 thumbnails, mirrored ones included). The FER+ label is the majority of all ten columns; faces whose majority is
contempt, unknown or not a face are left out of the FER+ figures.

Trained for {record.epochs_trained} epochs in batches of {config.batch_size} with AdamW, a cosine schedule from
{config.learning_rate:g}, averaged weights, and random shifts, turns, scales, mirroring, light, blur, noise and erased
patches; seed {config.seed}."""


def _results(report: Report) -> str:
    rows = "\n".join(
        f"| {name} | {head.n:,} | {_with_interval(head, 'accuracy')} | {_with_interval(head, 'macro_f1')} "
        f"| {_with_interval(head, 'ece')} |"
        for name, head in (("FER+ majority", report.ferplus), ("FER-2013 original", report.fer2013))
    )
    return f"""## Results on {report.file}

| labels | faces | accuracy | macro-F1 | expected calibration error |
|---|---|---|---|---|
{rows}

In brackets: 95 % intervals over 1000 bootstrap resamples of the faces. The calibration error has 15 bins; the resampled
ones lie above the measured one, because resampling adds noise to every bin.

Mirroring the face changes {report.flip.changed:.1%} of the readings of the FER+ head; the mean total variation distance
between the two readings is {report.flip.distance:.3f}."""


def _with_interval(head: HeadReport, metric: str) -> str:
    low, high = head.intervals[metric]
    return f"{getattr(head, metric):.4f} ({low:.3f} to {high:.3f})"


def _classes(name: str, head: HeadReport) -> str:
    rows = "\n".join(
        f"| {emotion} | {c.n} | {c.precision:.3f} | {c.recall:.3f} | {c.f1:.3f} |"
        for emotion, c in head.per_class.items()
    )
    picture = "\n\n![Faces by label and reading](confusion.png)" if name == "FER+" else ""
    return f"""## Each emotion, {name} labels

| emotion | faces | precision | recall | F1 |
|---|---|---|---|---|
{rows}{picture}"""


def _calibration(report: Report, record: RunRecord) -> str:
    uncertainty, calibration = report.uncertainty, record.calibration
    return f"""## Calibration and uncertainty

The logits are divided by a temperature that was fitted on the held-back part: {calibration.ferplus_temperature:.3f} for
the FER+ head, {calibration.fer2013_temperature:.3f} for the other.

![Accuracy by confidence](calibration.png)

A reading whose highest probability is below {uncertainty.threshold:.3f} is called uncertain. On this file that leaves
{uncertainty.coverage:.1%} of the faces answered, {uncertainty.accuracy:.1%} of those as their majority label.

![Errors by share of faces answered](risk-coverage.png)"""


def _use(report: Report) -> str:
    rarest = sorted(report.ferplus.per_class.items(), key=lambda item: item[1].n)[:2]
    rare = " and ".join(f"{emotion} ({c.n} faces)" for emotion, c in rarest)
    return f"""## Use and limits

Meant for recommending media and activities to a person who knows that the camera is on, from readings smoothed over
seconds. Not meant for judging a person: not for hiring, schooling, policing, health, credit or insurance, and not for
identifying anyone.

- It reads what an expression looks like to others, which is not what a person feels.
- The pictures come from web searches for emotion words: posed and exaggerated faces are common, and age, skin tone and
  culture are neither balanced nor recorded, so that differences between groups cannot be measured with this file.
- The labels are opinions. The annotators of FER+ often disagree with the original labels and with each other.
- The rarest emotions here are {rare}: their figures rest on few faces.
- There are {len(EMOTIONS)} emotions; contempt, boredom or pain have none of their own.
- The faces in the file are cut out tightly and mostly look at the camera. Other faces were not measured."""
