"""What the node writes about itself: one JSON object a line, on stderr.

No body, no header, no path and no query enters the log: a route is named by
its template and a caller by the id of its key. An exception is named by its
class and the places it passed, because its message may hold what the request
held.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Fields whose values never leave the process, whoever logs them.
SECRET = frozenset(
    {
        "authorization",
        "body",
        "cookie",
        "key",
        "passphrase",
        "password",
        "plaintext",
        "private",
        "salt",
        "secret",
        "seed",
        "signature",
        "token",
        "value",
        "values",
    }
)

_MAX_TEXT = 512


def configure(level: str = "info") -> None:
    """Set up structlog for this process.

    Args:
        level: `debug`, `info`, `warning` or `error`.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop what must not be logged, and shorten what is long."""
    for name, value in event.items():
        if name.lower() in SECRET or isinstance(value, bytes):
            event[name] = "[redacted]"
        elif isinstance(value, str) and len(value) > _MAX_TEXT:
            event[name] = value[:_MAX_TEXT] + "..."
    return event


def places(error: BaseException) -> list[str]:
    """Name the places that an exception passed, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


def logger() -> Any:
    """Return the service's logger."""
    return structlog.get_logger("privshare")
