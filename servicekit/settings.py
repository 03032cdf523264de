"""Settings shared by every service, read from the environment."""

import sys
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service can be told. A service's own settings carry its prefix, these carry none."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore")

    redis_url: str = Field(default="redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", validation_alias="LOG_LEVEL")
    log_format: Literal["console", "json"] = Field(default="console", validation_alias="LOG_FORMAT")


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(cls: type[SettingsT]) -> SettingsT:
    """Read `cls` from the environment; exit with status 2 and one line per wrong setting if it cannot be used."""
    try:
        return cls()
    except ValidationError as error:
        prefix = str(cls.model_config.get("env_prefix", ""))
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "settings"
            variable = name if name.isupper() else f"{prefix}{name}".upper()
            print(f"{variable}: {problem['msg']} (got {problem['input']!r})", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from error
