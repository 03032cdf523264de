"""What an operator can tell the gateway."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servicekit.settings import ServiceSettings
from services.gateway.pages import DIST


class GatewaySettings(ServiceSettings):
    """Where the gateway listens and whom it asks."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes a free port."""
    recommender_address: str = Field(default="127.0.0.1:50052", validation_alias="RECOMMENDER_ADDRESS")
    web_dir: Path = DIST
    """The built web app."""
