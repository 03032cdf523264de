"""Start the emotion service: `python -m services.emotion`."""

from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.settings import load_settings
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(EmotionSettings)
    configure_logging("emotion", settings.log_level, settings.log_format)
    run_service(lambda: open_service(settings))


if __name__ == "__main__":
    main()
