"""The model server's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from contracts.model import MODEL_NAME
from servicekit.settings import ServiceSettings


class ModelServerSettings(ServiceSettings):
    """Read from MODEL_SERVER_*."""

    model_config = SettingsConfigDict(env_prefix="MODEL_SERVER_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8500
    """0 takes a free one."""
    base_path: Path = Path("models/emotion")
    """Holds one folder a version, named by its number."""
    model_name: str = MODEL_NAME
    poll_interval_s: Annotated[float, Field(gt=0)] = 1.0
    """How often `base_path` is looked at for new versions."""
    threads: Annotated[int, Field(ge=1)] = 2
    """Predictions that run at once."""
    intra_op_threads: Annotated[int, Field(ge=0)] = 0
    """Threads that one operation may use; 0 means one a core."""
    max_pending: Annotated[int, Field(ge=1)] = 64
    """Predictions waiting or running, beyond which more are answered UNAVAILABLE."""
    max_message_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    """The largest request or response, and the largest tensor in one."""
