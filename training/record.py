"""How a served version was made; kept beside its graph, where TensorFlow Serving ignores it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from training.calibrate import Calibration
from training.config import TrainingConfig
from training.errors import ModelError
from training.metrics import Scores

RUN_FILE = "run.json"
PROMOTION_FILE = "promotion.json"


class RunRecord(BaseModel):
    """The run behind a version: its configuration, what it learned from, and what the selection part said of it."""

    model_config = ConfigDict(frozen=True)

    config: TrainingConfig
    init: str | None = None
    """Names and SHA-256 of the weights that the run began from, if it did not begin from chance."""

    teachers: str | None = None
    """The same of those whose probabilities it learned from, if there were any."""

    epochs_trained: int
    parameters: int
    train_faces: int
    selection_faces: int
    duplicates_of_validation: int
    duplicates_of_selection: int
    faces: str | None = None
    """`training.dataset.digest` of what it learned from and held back; None in an older record."""

    other_crops: int | None = None
    """As `training.dataset.Splits`; None where some of them may have been learned from."""

    calibration: Calibration
    selection_ferplus: Scores
    selection_fer2013: Scores


class Figures(BaseModel):
    """How a version does on the validation file."""

    ferplus: Scores
    fer2013: Scores
    robustness: dict[str, float]
    """Accuracy on the FER+ majority under each of `training.perturb.PERTURBATIONS`."""


class Promotion(BaseModel):
    """Why a version is served: what it was compared with."""

    replaced: str | None
    """The version that was the newest, such as emotion/1."""

    before: Figures | None
    reason: str | None
    """Given where it replaced a better one."""


def read_promotion(version_dir: Path) -> Promotion | None:
    """How a version came to be served; None if it was not promoted.

    Raises:
        ModelError: the record is not one that this code writes.
    """
    path = version_dir / PROMOTION_FILE
    if not path.exists():
        return None
    try:
        return Promotion.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}).", "Promote the version again.") from error


def read_record(version_dir: Path) -> RunRecord:
    """The record of a version.

    Raises:
        ModelError: it is absent, or not one that this code writes.
    """
    path = version_dir / RUN_FILE
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}).", "Export the version again with training.export."
        ) from error
