"""What can be wrong with what a client sends. See `servicekit.errors` for the rest of the tree."""

from servicekit.errors import InvalidInputError


class BadImageError(InvalidInputError):
    """The picture cannot be read; the next one may be fine."""

    default_code = "image_undecodable"


class StreamRuleError(InvalidInputError):
    """The stream broke its own rules; it cannot go on."""

    default_code = "stream_rule_broken"
