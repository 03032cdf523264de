"""The model card: docs/model/README.md and its pictures, generated from a report and the run that made the version."""

from collections.abc import Sequence
from pathlib import Path

from contracts.emotion import EMOTIONS
from training.calibrate import Calibration
from training.config import EnsembleNetwork, Network, VggNetwork
from training.metrics import Scores
from training.pictures import draw_confusion, draw_reliability, draw_risk_coverage
from training.pretrained import PRETRAINED_FILE
from training.record import RUN_FILE, Promotion, RunRecord, read_promotion, read_record
from training.report import ClassReport, HeadReport, Report
from training.runs import Run
from training.speed import Speed

_TRIED = (
    *("run", "began from", "taught by", "network", "parameters", "epochs", "sides, px", "faces held back"),
    *("FER+", "macro-F1", "FER-2013", "minutes"),
)
_OPTIMIZERS = {"adamw": "AdamW", "muon": "Muon"}


def write_card(folder: Path, report: Report, version_dir: Path, speeds: Sequence[Speed], runs: Sequence[Run]) -> None:
    """Write README.md and its pictures to `folder`, which is made if absent.

    Args:
        folder: of the card.
        report: of the version.
        version_dir: has the record of its run, and of its promotion if it was promoted.
        speeds: of the version's forms.
        runs: what was tried, the oldest first.

    Raises:
        ModelError: the version has no readable run record, so that how it was made cannot be told.
    """
    record, promotion = read_record(version_dir), read_promotion(version_dir)
    folder.mkdir(parents=True, exist_ok=True)
    draw_confusion(folder / "confusion.png", report.ferplus)
    draw_reliability(folder / "calibration.png", report.ferplus)
    draw_risk_coverage(folder / "risk-coverage.png", report.uncertainty)
    sections = (
        _model(report, record),
        _data(record),
        _results(report, promotion),
        _classes("FER+", report.ferplus),
        _classes("FER-2013", report.fer2013),
        _calibration(report, record),
        _robustness(report, promotion),
        _forms(report, speeds),
        _tried(runs),
        _use(report),
    )
    (folder / "README.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _model(report: Report, record: RunRecord) -> str:
    kind, size_mb = _kind(record.config.network), report.size_bytes / 1e6
    return f"""# Model card: {report.model}

Written by `make evaluate` from the evaluation and from the version's own `{RUN_FILE}`; not edited by hand.

A convolutional network ({kind}, {record.parameters:,} parameters, {size_mb:.1f} MB as a SavedModel) that reads one of
seven emotions from a grey face of 48 x 48 pixels. It has two heads: one learned from the votes of the FER+ annotators,
which the product uses, and one learned from the original FER-2013 labels, for comparison with published work.
Preprocessing, calibration and the names of the emotions are part of the serving signature."""


def _data(record: RunRecord) -> str:
    row, crops = _other_crops(record)
    return f"""## Data and protocol

FER-2013 (Goodfellow et al., 2013) with the FER+ votes (Barsoum et al., 2016).

| part | faces |
|---|---|
| learned from | {record.train_faces:,} |
| held back to choose the epoch, the scaling and the threshold | {record.selection_faces:,} |
| left out: the same picture is in the validation file | {record.duplicates_of_validation:,} |
| left out: the same picture is in the held-back part | {record.duplicates_of_selection:,} |{row}

The validation file served only to find and leave out the training faces that repeat its pictures (correlation of
16 x 16 thumbnails, mirrored ones included). Other crops of the same photograph {crops}.
The FER+ label is the majority of all ten columns; faces whose majority is contempt, unknown or not a face are left out
of the FER+ figures.

{_training(record)} Everything else is in `{RUN_FILE}`."""


def _other_crops(record: RunRecord) -> tuple[str, str]:
    if record.other_crops is None:
        return "", "were not left out: some of the faces learned from show photographs of the validation file"
    row = f"\n| left out: another crop of the photograph is in one of the two | {record.other_crops:,} |"
    return row, "were looked for too, by aligning the pictures"


def _training(record: RunRecord) -> str:
    config = record.config
    if not record.epochs_trained:
        return f"The weights are those of {record.init}, not trained on."
    return f"""Trained for {record.epochs_trained} epochs in batches of {config.batch_size} with
{_OPTIMIZERS[config.optimizer]}, a cosine schedule from {config.learning_rate:g}, averaged weights, and random shifts,
turns, scales, mirroring, light, blur, noise, erased patches and blended pairs (for {config.augmentation.mixup:.0%} of
the faces); convolutions in {config.precision}; seed {config.seed}. It began from
{record.init or "random weights"}{_taught(record)}."""


def _taught(record: RunRecord) -> str:
    if not record.teachers:
        return ""
    return f", and {record.config.teacher_share:.0%} of its targets are what {record.teachers} says of its faces"


def _results(report: Report, promotion: Promotion | None) -> str:
    rows = "\n".join(
        f"| {name} | {head.n:,} | {_with_interval(head, 'accuracy')} | {_with_interval(head, 'macro_f1')} "
        f"| {_with_interval(head, 'ece')} |"
        for name, head in report.heads.items()
    )
    return f"""## Results on {report.file}

| labels | faces | accuracy | macro-F1 | expected calibration error |
|---|---|---|---|---|
{rows}

{_agreed(report)}In brackets: 95 % intervals over 1000 bootstrap resamples of the faces. The
calibration error has 15 bins; the resampled ones lie above the measured one, because resampling adds noise to every
bin.

Mirroring the face changes {report.flip.changed:.1%} of the readings of the FER+ head; the mean total variation distance
between the two readings is {report.flip.distance:.3f}.{_comparison(promotion)}"""


def _agreed(report: Report) -> str:
    if report.ferplus_agreed is None:
        return ""
    return (
        "The second row is what the authors of FER+ and most after them report: only faces with more than half of the "
        "votes for\none emotion, single votes left out. "
    )


def _comparison(promotion: Promotion | None) -> str:
    if promotion is None or promotion.before is None:
        return ""
    before = promotion.before
    why = f" It was promoted although it is worse: {promotion.reason}" if promotion.reason else ""
    return f"""

The version it replaced, {promotion.replaced}, reads {before.ferplus.accuracy:.4f} of the FER+ majorities (macro-F1
{before.ferplus.macro_f1:.4f}) and {before.fer2013.accuracy:.4f} of the original labels.{why}"""


def _with_interval(head: HeadReport, metric: str) -> str:
    return f"{getattr(head, metric):.4f} ({_span(head.intervals[metric])})"


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


def _classes(name: str, head: HeadReport) -> str:
    rows = "\n".join(f"| {emotion} | {each.n} | {_class_figures(each)} |" for emotion, each in head.per_class.items())
    picture = "\n\n![Faces by label and reading](confusion.png)" if name == "FER+" else ""
    return f"""## Each emotion, {name} labels

| emotion | faces | precision | recall | F1 |
|---|---|---|---|---|
{rows}{picture}"""


def _class_figures(each: ClassReport) -> str:
    figures = (
        (each.precision, each.precision_interval),
        (each.recall, each.recall_interval),
        (each.f1, each.f1_interval),
    )
    return " | ".join(f"{value:.3f} ({_span(interval)})" for value, interval in figures)


def _calibration(report: Report, record: RunRecord) -> str:
    uncertainty, calibration = report.uncertainty, record.calibration
    return f"""## Calibration and uncertainty

The logits are divided by a temperature that was fitted on the held-back part: {calibration.ferplus_temperature:.3f} for
the FER+ head, {calibration.fer2013_temperature:.3f} for the other. {_biases(calibration)}

![Accuracy by confidence](calibration.png)

A reading whose highest probability is below {uncertainty.threshold:.3f} is called uncertain. On this file that leaves
{uncertainty.coverage:.1%} of the faces answered, {uncertainty.accuracy:.1%} of those as their majority label.

![Errors by share of faces answered](risk-coverage.png)"""


def _biases(calibration: Calibration) -> str:
    if not (any(calibration.ferplus_bias) or any(calibration.fer2013_bias)):
        return "Nothing is added to them."
    rows = "\n".join(
        f"| {emotion} | {bias:+.3f} | {original:+.3f} |"
        for emotion, bias, original in zip(EMOTIONS, calibration.ferplus_bias, calibration.fer2013_bias, strict=True)
    )
    return f"""Then a number is added for each
emotion, fitted there too, so that each is expected about as often as it occurs:

| emotion | FER+ | FER-2013 |
|---|---|---|
{rows}"""


def _robustness(report: Report, promotion: Promotion | None) -> str:
    before = promotion.before.robustness if promotion and promotion.before else {}
    header, line = (f" {promotion.replaced} |", "---|") if promotion and before else ("", "")
    rows = "\n".join(
        f"| {name} | {accuracy:.4f} | {accuracy - report.ferplus.accuracy:+.4f} |"
        + (f" {before[name]:.4f} |" if name in before else "")
        for name, accuracy in report.robustness.items()
    )
    return f"""## Robustness

Accuracy on the FER+ majority when every face of {report.file} is changed as a camera, a box or a codec would change it.

| the face is | accuracy | difference |{header}
|---|---|---|{line}
{rows}"""


def _forms(report: Report, speeds: Sequence[Speed]) -> str:
    times = {speed.model: speed for speed in speeds}
    rows = [_form("SavedModel, float16 kernels", report.size_bytes, report.ferplus, times.get("SavedModel"))]
    agreement = ""
    if report.litert is not None:
        lite = report.litert
        rows.append(_form("LiteRT, 8-bit weights", lite.size_bytes, lite.ferplus, times.get("LiteRT")))
        agreement = f" The two read {lite.agreement:.1%} of the faces alike."
    lines = "\n".join(rows)
    return f"""## Forms and their speed

| form | MB | accuracy, FER+ | macro-F1 | calibration error | ms a face |
|---|---|---|---|---|---|
{lines}

Milliseconds of processor time, on one core of the machine that wrote this card; the SavedModel in batches of
{speeds[0].batch if speeds else 0}, LiteRT face by face.{agreement} `python -m training.speed` measures again."""


def _form(name: str, size_bytes: int, scores: Scores | HeadReport, speed: Speed | None) -> str:
    time = f"{speed.median_ms:.2f}" if speed else ""
    figures = f"{scores.accuracy:.4f} | {scores.macro_f1:.4f} | {scores.ece:.4f}"
    return f"| {name} | {size_bytes / 1e6:.1f} | {figures} | {time} |"


def _tried(runs: Sequence[Run]) -> str:
    rows = "\n".join(_row(_trial(run)) for run in runs)
    return f"""## What was tried

Every finished run, the oldest first, from `runs.jsonl`. The figures are those of the run's own held-back part, which
chose its epoch: they do not compare with the results above, and among runs only where the parts are equal. What began
from `{PRETRAINED_FILE}` began from a network that others trained, on faces from elsewhere (`docs/training.md`).

{_row(_TRIED)}
{_row(["---"] * len(_TRIED))}
{rows}"""


def _trial(run: Run) -> Sequence[str]:
    record = run.record
    sides = ", ".join(str(side) for side in record.config.side_px.values())
    scores = (record.selection_ferplus.accuracy, record.selection_ferplus.macro_f1, record.selection_fer2013.accuracy)
    return (
        *(run.name, _names(record.init) or "chance", _names(record.teachers), _kind(record.config.network)),
        *(f"{record.parameters:,}", str(record.epochs_trained), sides, f"{record.selection_faces:,}"),
        *(f"{value:.4f}" for value in scores),
        "" if run.minutes is None else f"{run.minutes:.0f}",
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _names(described: str | None) -> str:
    """What `training.initial.describe` told of weights, without the digests."""
    names = (each.split()[0] for each in (described or "").split(", ") if each)
    return ", ".join(name.removesuffix("/checkpoint.npz") for name in names)


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
- The faces in the file are cut out tightly and mostly look at the camera. What is changed under Robustness is changed
  in those; faces in profile, covered or far away were not measured."""


def _kind(network: Network) -> str:
    members = network.members if isinstance(network, EnsembleNetwork) else (network,)
    mirrored = [isinstance(each, VggNetwork) and each.mirrored for each in members]
    return " + ".join(f"mirrored {each.kind}" if so else each.kind for each, so in zip(members, mirrored, strict=True))
