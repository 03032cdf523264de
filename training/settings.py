"""Where training reads and writes."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class TrainingSettings(BaseSettings):
    """Every path can be set by a variable with the prefix TRAINING_, such as TRAINING_FER2013_DIR."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", extra="ignore")

    fer2013_dir: Path = Path("../shared/data/fer2013")
    """Holds train.npz and validation.npz, in the format of `training.dataset`."""

    runs_dir: Path = Path(".runs")
    """Checkpoints, logs and exports of each training run, one folder per configuration."""

    models_dir: Path = Path("models/emotion")
    """The served versions, one numbered folder each."""

    runs_log: Path = Path("docs/model/runs.jsonl")
    """One line for each finished run, in the format of `training.runs`."""
