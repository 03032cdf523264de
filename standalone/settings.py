"""What the standalone run can be told; every service reads its own settings from the same environment."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent
MODELS: Final = ROOT / "models" / "emotion"

Port = Annotated[int, Field(ge=1, le=65535)]


def model_versions() -> list[Path]:
    """The folders of the versions of the emotion model that the project holds, the newest last."""
    return sorted((path for path in MODELS.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


class StackSettings(BaseSettings):
    """The two public addresses, what is already running elsewhere, and how long to wait."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    gateway_host: str = Field(default="127.0.0.1", validation_alias="GATEWAY_HOST")
    gateway_port: Port = Field(default=8000, validation_alias="GATEWAY_PORT")
    emotion_host: str = Field(default="127.0.0.1", validation_alias="EMOTION_HOST")
    emotion_port: Port = Field(default=50051, validation_alias="EMOTION_PORT")
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """A Redis that is already there; without it one is brought."""
    tfserving_address: str | None = Field(default=None, validation_alias="TFSERVING_ADDRESS")
    """A TensorFlow Serving that is already there; without it the embedded model server is started."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """Without it, an SQLite file in the data directory."""
    gateway_database_url: str | None = Field(default=None, validation_alias="GATEWAY_DATABASE_URL")
    """Likewise."""
    gateway_secret: str | None = Field(default=None, validation_alias="GATEWAY_SECRET")
    """Without it, one that the data directory keeps, so that sessions outlive a run."""
    model_base_path: Path = Field(default=MODELS, validation_alias="MODEL_SERVER_BASE_PATH")
    ready_timeout_s: float = Field(default=180.0, gt=0, validation_alias="STANDALONE_READY_TIMEOUT_S")
    """How long each part may take to become ready."""
