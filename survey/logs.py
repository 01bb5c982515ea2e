"""Structured logs on stderr: JSON for machines, aligned text on a terminal. They carry ids, never what people wrote.

Every logger ends here, the standard library's too. A request is one line: method, route (the pattern, so that no link
token is written down), status, milliseconds, request id.
"""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
import structlog.tracebacks
from flask import Flask, Response, g, request
from structlog.typing import Processor

from survey import tokens
from survey.config import LogLevel

QUIET_ROUTES = frozenset({"health.livez", "health.readyz", "health.metrics", "static"})
NEVER_LOGGED = frozenset({"email", "address", "to_email", "comment", "text", "answer", "password", "token", "api_key"})

log = structlog.get_logger("web")

# A traceback's local variables are whole requests: addresses and answers.
_WITHOUT_LOCALS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure(level: LogLevel) -> None:
    """Send structlog and the standard library's loggers to stderr, in one shape."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_personal,
    ]
    pretty = sys.stderr.isatty()
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)]
        if pretty
        else [_WITHOUT_LOCALS, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    for old in [other for other in root.handlers if isinstance(other.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.value)
    for name, least in (("alembic", logging.WARNING), ("werkzeug", logging.WARNING), ("granian", logging.WARNING)):
        logging.getLogger(name).setLevel(max(least, logging.getLevelNamesMapping()[level.value]))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _drop_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last line of defence: a key that names personal data or a secret loses its value."""
    for key in NEVER_LOGGED & event.keys():
        event[key] = "[removed]"
    return event


def init_app(app: Flask) -> None:
    """Log each request of `app`. First of all extensions, so that the time and the id cover everything."""

    @app.before_request
    def begin() -> None:
        g.request_id = tokens.new_seed()[:12]
        g.request_began = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def add_request_id(response: Response) -> Response:
        response.headers.setdefault("X-Request-ID", request_id())
        level = logging.DEBUG if request.endpoint in QUIET_ROUTES else logging.INFO
        log.log(
            level,
            "request",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else "(none)",
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("request_began", time.perf_counter())) * 1000, 1),
        )
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request_id")


def request_id() -> str:
    """The id of this request in the log; what an error page asks people to quote."""
    return str(g.get("request_id", ""))
