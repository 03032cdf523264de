"""Settings shared by every service, read from the environment and from files of secrets."""

import os
import sys
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

from pydantic import Field, FilePath, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from servicekit.tls import Tls


class ServiceSettings(BaseSettings):
    """What every service can be told. A service's own settings carry its prefix, these carry none.

    A variable that is not in the environment, or empty there, is looked for in `SECRETS_DIR`, as a file of its name in
    small letters.
    """

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    redis_url: str = Field(default="redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", validation_alias="LOG_LEVEL")
    log_format: Literal["console", "json"] = Field(default="console", validation_alias="LOG_FORMAT")
    tls_ca_file: FilePath | None = Field(default=None, validation_alias="TLS_CA_FILE")
    """PEM; with it and the next two the services speak to each other in TLS only, and each shows who it is."""
    tls_certificate_file: FilePath | None = Field(default=None, validation_alias="TLS_CERTIFICATE_FILE")
    tls_key_file: FilePath | None = Field(default=None, validation_alias="TLS_KEY_FILE")
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces go, e.g. http://collector:4317; see `servicekit.tracing`."""

    @property
    def inside(self) -> Tls | None:
        """How the services speak to each other; None: in plain, in a network where nobody else is."""
        return Tls(self.tls_ca_file, self.tls_certificate_file, self.tls_key_file) if self.tls_ca_file else None

    @model_validator(mode="after")
    def _all_of_tls_or_nothing(self) -> Self:
        if len({file is None for file in (self.tls_ca_file, self.tls_certificate_file, self.tls_key_file)}) > 1:
            raise ValueError("TLS_CA_FILE, TLS_CERTIFICATE_FILE and TLS_KEY_FILE go together: set all or none")
        return self


SettingsT = TypeVar("SettingsT", bound=BaseSettings)

_SECRET_NAMES: Final = ("url", "secret", "password", "token", "key")
"""A setting with one of these in its name is never shown: a URL may hold a password."""


def load_settings(cls: type[SettingsT]) -> SettingsT:
    """Read `cls` from the environment; exit with status 2 and one line per wrong setting if it cannot be used."""
    try:
        return cls(_secrets_dir=_secrets_dir())
    except ValidationError as error:
        prefix = str(cls.model_config.get("env_prefix", ""))
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "settings"
            variable = name if name.isupper() else f"{prefix}{name}".upper()
            # What is wrong with several together has all of them as its input.
            secret = not problem["loc"] or any(part in name.lower() for part in _SECRET_NAMES)
            got = "" if secret else f" (got {problem['input']!r})"
            print(f"{variable}: {problem['msg']}{got}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from error
    except OSError as error:
        print(f"settings: a file that is named cannot be looked for: {error.strerror}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from error


def _secrets_dir() -> Path | None:
    folder = os.environ.get("SECRETS_DIR")
    if not folder:
        return None
    if not Path(folder).is_dir():
        print(f"SECRETS_DIR: {folder} is not a folder", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    for secret in Path(folder).iterdir():
        # An engine puts a folder in the place of a file that it does not find, and Kubernetes its own beside ours.
        if not secret.name.startswith("..") and not (secret.is_file() and secret.stat().st_size):
            print(f"SECRETS_DIR: {secret} holds no secret: make it again, see docs/operating.md", file=sys.stderr)  # noqa: T201
            raise SystemExit(2)
    return Path(folder)
