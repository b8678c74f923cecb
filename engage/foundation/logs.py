"""Logs as JSON lines: which route, how long, what happened; never a path, query, name, address or message text,
because a path may hold a resident's token and an error's words may hold a row of the register."""

import logging
import sys
import traceback
from typing import Any

import structlog


def configure(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # whatever it is when a line is written
        cache_logger_on_first_use=False,
    )


def log() -> Any:
    return structlog.get_logger()


def log_fault(error: BaseException) -> str:
    """Write where an unforeseen error arose, without its words; returns a short reference to quote to support."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    reference = f"{abs(hash((type(error).__name__, *where))) % 16**6:06X}"
    log().error("fault", error=type(error).__name__, where=where, reference=reference)
    return reference
