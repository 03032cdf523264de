"""`python -m services.gateway` serves HTTP until it is told to stop."""

from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings


def main() -> None:
    """Read the settings, then serve."""
    settings = load_settings(GatewaySettings)
    configure_logging("gateway", settings.log_level, settings.log_format)
    run_service(lambda: serving(create_app(settings), settings))


if __name__ == "__main__":
    main()
