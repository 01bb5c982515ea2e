"""Structured logs on stderr. They carry ids, never answers, names or addresses."""

import logging
import sys

import structlog

from survey.config import LogLevel


def configure(level: LogLevel) -> None:
    """Send structlog and the standard library's loggers to stderr."""
    logging.basicConfig(level=level.value, stream=sys.stderr, format="%(message)s")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
