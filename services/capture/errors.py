"""What can end a capture beside the errors of its stream, in `servicekit.emotion_client.errors`."""

from servicekit.errors import ConfigurationError


class SourceError(ConfigurationError):
    """The source of pictures cannot be opened, or has stopped: connect the camera, correct the path or the URL."""

    default_code = "source_unavailable"
