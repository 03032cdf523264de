"""What can end a capture, grouped by what the person can do about it.

EmoVerseError
├── ConfigurationError
│   └── SourceError             connect the camera, correct the path or the URL
├── ServerRefusedError          correct what was asked for: trying again changes nothing
└── UnavailableError
    └── ServerUnreachableError  start the server, or name another
"""

from servicekit.errors import ConfigurationError, EmoVerseError, UnavailableError


class SourceError(ConfigurationError):
    """The source of pictures cannot be opened, or has stopped."""

    default_code = "source_unavailable"


class ServerRefusedError(EmoVerseError):
    """The server understood the request and will not serve it."""

    default_code = "server_refused"


class ServerUnreachableError(UnavailableError):
    """The server did not answer within the time the person gave it."""

    default_code = "server_unreachable"
