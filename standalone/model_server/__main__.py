"""`python -m standalone.model_server`: serve until SIGTERM or SIGINT."""

from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from standalone.model_server.app import open_model_server
from standalone.model_server.settings import ModelServerSettings

if __name__ == "__main__":
    settings = load_settings(ModelServerSettings)
    configure_logging("model-server", settings.log_level, settings.log_format)
    run_service(lambda: open_model_server(settings))
