"""Logs that cannot carry a record: only keys of a closed list, and of an exception only its type and frames."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds",
        "exception", "frames", "sqlstate", "constraint", "tick", "counts", "reason", "alert_id", "rotation_id",
    }
)  # fmt: skip

Event = MutableMapping[str, Any]
_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure(level: str = "info") -> None:
    """Send structlog's lines and everybody else's warnings to standard error as JSON."""
    structlog.configure(
        processors=list(PROCESSORS),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)


def log() -> "structlog.typing.FilteringBoundLogger":
    """The logger; bind nothing to it that a stranger may not read."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def _stamp(logger: object, name: str, event: Event) -> Event:
    return _TIME(logger, name, dict(event))


def _exception(_logger: object, _name: str, event: Event) -> Event:
    """Type, sqlstate, constraint and frames: a message or a DETAIL line may hold a row's values."""
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["sqlstate"] = getattr(error, "sqlstate", None)
        event["constraint"] = getattr(error, "constraint_name", None)
        event["frames"] = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-8:]]
    return event


def _only_allowed(_logger: object, _name: str, event: Event) -> Event:
    return {key: value for key, value in event.items() if key in ALLOWED and value is not None}


def _render(_logger: object, _name: str, event: Event) -> bytes:
    """What has no form in JSON is named by its kind: a line in the log never makes a request fail."""
    try:
        return msgspec.json.encode(event, enc_hook=_kind)
    except (TypeError, ValueError):
        return msgspec.json.encode({key: _plain(value) for key, value in event.items()})


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value.encode("ascii", "backslashreplace").decode()
    return value if isinstance(value, int | float) else _kind(value)


def _kind(value: object) -> str:
    return type(value).__name__


# What every line goes through, in this order; what comes out is bytes.
PROCESSORS = (structlog.processors.add_log_level, _stamp, _exception, _only_allowed, _render)


class _Foreign(logging.Handler):
    """A library's own warning: its logger and level are kept, its text is not, since it may quote what it was given."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log().log(_standard(record.levelno), "library", reason=record.name, error=error)


def _standard(level: int) -> int:
    """The level of Python's own five at or below a library's invention."""
    return max(logging.DEBUG, min(logging.CRITICAL, level // 10 * 10))
