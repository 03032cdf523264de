"""The broker's transport, for messages that somebody else may have written."""

from typing import Any, Literal

import structlog
from kombu.transport import redis

_log = structlog.get_logger(__name__)


class Channel(redis.Channel):
    """Drops what is no message, where kombu would end the whole worker."""

    def _brpop_read(self, **options: Any) -> Literal[True]:
        try:
            return super()._brpop_read(**options)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            _log.warning("dropped what is no task", problem=type(error).__name__)
            return True


class Transport(redis.Transport):
    """Redis, with such channels."""

    Channel = Channel
