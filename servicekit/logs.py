"""Logging: one line per event on standard error, for people or as JSON."""

import logging
import sys
from typing import Final, Literal

import stamina
import structlog
from stamina.instrumentation import RetryDetails

_VISIBLE: Final = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  (where two digits end)
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}
"""Control characters and separators of lines, written out."""


def configure_logging(service: str, level: str = "INFO", log_format: Literal["console", "json"] = "console") -> None:
    """Send structlog's and the standard library's records through one pipeline.

    Args:
        service: the name that every line carries.
        level: the lowest level shown.
        log_format: "console" for people, "json" for machines.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _one_line,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The richer formatters print local variables, and those can hold pictures.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.contextvars.bind_contextvars(service=service)
    stamina.instrumentation.set_on_retry_hooks([_log_retry])


def _one_line(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    # What somebody sent must not look like a line of its own, nor move a terminal's cursor.
    return {name: value.translate(_VISIBLE) if isinstance(value, str) else value for name, value in event.items()}


def _log_retry(details: RetryDetails) -> None:
    # An outage is told once, not with every attempt.
    level = logging.WARNING if details.retry_num == 1 else logging.DEBUG
    structlog.get_logger(details.name).log(
        level, "failed, trying again", what=details.name, problem=str(details.caused_by)
    )
