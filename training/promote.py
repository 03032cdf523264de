"""`python -m training.promote NAME`: make a run's export the newest served version, if it is no worse than that."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from servicekit.errors import EmoVerseError
from servicekit.settings import load_settings
from training.checksum import verify_checksums, write_checksums
from training.dataset import FaceDataset, load_dataset
from training.errors import ModelError, PromotionError
from training.litert import write_litert
from training.record import PROMOTION_FILE, Figures, Promotion
from training.report import measure_figures
from training.served import ServedModel, newest_version
from training.settings import TrainingSettings

_console = Console(stderr=True)


def main(
    run: Annotated[str, typer.Argument(help="The name of the run, as it was trained.")],
    version: Annotated[int | None, typer.Option(min=1, help="Replace or add this version; else the next.")] = None,
    reason: Annotated[str | None, typer.Option(help="Promote a worse version; the reason is recorded.")] = None,
) -> None:
    """Compare a run's export with the newest version on the validation file, and copy it among the versions."""
    settings = load_settings(TrainingSettings)
    try:
        validation = load_dataset(settings.fer2013_dir / "validation.npz")
        exported = settings.runs_dir / run / "emotion" / "1"
        promoted = promote(exported, settings.models_dir, validation, version, reason)
    except EmoVerseError as error:
        _console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _console.print(f"{promoted} is in place. To remake the model card: make evaluate")


def promote(
    exported: Path, models_dir: Path, validation: FaceDataset, version: int | None = None, reason: str | None = None
) -> Path:
    """Check an export and copy it to `models_dir` with its LiteRT form; its number appears only when it is whole.

    Args:
        exported: the version folder of a run.
        models_dir: holds one numbered folder a version.
        validation: what the two are compared on: the accuracy on the FER+ majority decides.
        version: to replace or add; by default one more than the newest.
        reason: why a worse version is wanted.

    Returns:
        the version folder that was written.

    Raises:
        ModelError: there is no export, or it does not have the interface of `contracts.model`.
        PromotionError: it is worse than the newest version, and no reason is given.
    """
    if not exported.is_dir():
        raise ModelError(f"There is no {exported}.", "Finish the run first: python -m training.train --config NAME.")
    verify_checksums(exported)
    promotion = _compare(ServedModel(exported), _newest(models_dir), validation, reason)
    numbers = [int(path.name) for path in models_dir.glob("*") if path.name.isdecimal()]
    target = models_dir / str(version or max(numbers, default=0) + 1)
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(exported, unfinished)
    (unfinished / PROMOTION_FILE).write_text(promotion.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_litert(unfinished)
    write_checksums(unfinished)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return target


def _newest(models_dir: Path) -> ServedModel | None:
    has_versions = any(path.name.isdecimal() for path in models_dir.glob("*"))
    return ServedModel(newest_version(models_dir)) if has_versions else None


def _compare(
    candidate: ServedModel, newest: ServedModel | None, validation: FaceDataset, reason: str | None
) -> Promotion:
    if newest is None:
        return Promotion(replaced=None, before=None, reason=None)
    before, after = measure_figures(newest, validation), measure_figures(candidate, validation)
    worse = after.ferplus.accuracy < before.ferplus.accuracy
    if worse and not reason:
        raise PromotionError(
            f"{candidate.version_dir} is worse than {newest.name} on the validation file: {_tell(after)} against "
            f"{_tell(before)}.",
            "Train a better one, or promote it all the same with --reason TEXT.",
        )
    return Promotion(replaced=newest.name, before=before, reason=reason if worse else None)


def _tell(figures: Figures) -> str:
    return f"{figures.ferplus.accuracy:.4f} of the FER+ majorities"


if __name__ == "__main__":
    typer.run(main)
