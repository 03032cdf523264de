"""What holds at both ends of an upload into the import folder."""

from typing import Final

FILE_NAME_PATTERN: Final = r"^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,199}$"
"""The name of a file that comes in: no path, and not hidden."""

UPLOAD_TIMEOUT_S: Final = 3600.0
"""The longest that one may take."""
