"""How a stream can end before its frames do.

EmoVerseError
├── ServerRefusedError          correct what was asked for: trying again changes nothing
└── UnavailableError
    └── ServerUnreachableError  start the server, or name another
"""

from servicekit.errors import EmoVerseError, UnavailableError


class ServerRefusedError(EmoVerseError):
    """The server understood the request and will not serve it."""

    default_code = "server_refused"


class ServerUnreachableError(UnavailableError):
    """The server did not answer, or had no place, within the time it was given."""

    default_code = "server_unreachable"
