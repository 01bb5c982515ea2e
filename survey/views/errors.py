"""The one place where errors become pages, problem documents (RFC 9457), statuses and log lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException

from survey import logs
from survey.errors import ClienteleError, ConflictError, InvalidInputError, NotFoundError
from survey.schema import SchemaError

log = structlog.get_logger()


@dataclass(frozen=True)
class Page:
    """What a person reads: a title, one or two sentences, and whether to offer the reference."""

    title: str
    text: str
    with_reference: bool = False


PAGES: Mapping[int, Page] = {
    400: Page("That request was not complete", "Go back, reload the page and try again."),
    401: Page("Please sign in", "This page is for people with an account."),
    403: Page("Your role does not allow this", "You can read this, but not change it. An admin can give you the role."),
    404: Page("There is nothing here", "The page has moved, or the address was not copied in full."),
    405: Page("That does not work here", "The address is right, but it cannot be used in this way."),
    409: Page("Somebody was quicker", "This has changed since the page was loaded. Go back, reload and look again."),
    410: Page("This page is gone", "It was here once, and will not come back."),
    413: Page("That is too large", "The file or text sent is larger than this form accepts."),
    415: Page("That format is not accepted", "Send the format that this address expects."),
    422: Page("That could not be used", "Something in what was sent breaks a rule."),
    429: Page("That was a little too often", "Wait a minute, then try again."),
    500: Page("Something broke on our side", "It has been written down. Nothing you did is lost twice.", True),
    503: Page("Not ready yet", "The installation is being set up or upgraded. Try again in a minute.", True),
}
DOMAIN_STATUS: Mapping[type[ClienteleError], int] = {
    NotFoundError: 404,
    InvalidInputError: 422,
    ConflictError: 409,
    SchemaError: 503,
}


def init_app(app: Flask) -> None:
    """Install the mapping on `app`."""
    app.register_error_handler(ClienteleError, _domain)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(ProgrammingError, _database)
    app.register_error_handler(Exception, _unexpected)


def _domain(error: ClienteleError) -> ResponseReturnValue:
    status = next((DOMAIN_STATUS[kind] for kind in type(error).__mro__ if kind in DOMAIN_STATUS), 500)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", error=type(error).__name__, reason=str(error))
        return answer(status)
    field = getattr(error, "field", None)
    return answer(status, detail=str(error), **({"field": field} if field else {}))


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    return answer(400, detail="This form has been open for too long. Go back, reload the page and send it again.")


def _too_often(error: RateLimitExceeded) -> ResponseReturnValue:
    response = answer(429)
    seconds = error.limit.limit.get_expiry() if error.limit else 60
    response.headers["Retry-After"] = str(seconds)
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    response = answer(error.code)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _database(error: OperationalError | ProgrammingError) -> ResponseReturnValue:
    text = str(error.orig).lower()
    missing_table = "no such table" in text or "does not exist" in text or "no such column" in text
    log.error(
        "database error", exc_info=error, hint="run `flask db upgrade`" if missing_table else "see `flask doctor`"
    )
    return answer(503 if missing_table else 500)


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("unexpected error", exc_info=error)
    return answer(500)


def answer(status: int, detail: str = "", **more: Any) -> Response:
    """The response for `status`: a problem document under /api, a page elsewhere. `detail` is shown as it is."""
    page = PAGES.get(status) or PAGES[400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500]
    if request.path.startswith("/api/"):
        return _problem(status, detail or page.text, more)
    html = render_template(
        "errors/error.html",
        status=status,
        page=page,
        detail=detail,
        reference=logs.request_id() if page.with_reference else "",
        for_desk=request.path.startswith("/desk") or request.path.startswith("/account"),
    )
    response = Response(html, status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _problem(status: int, detail: str, more: Mapping[str, Any]) -> Response:
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    response = jsonify(document | ({"reference": logs.request_id()} if status >= 500 else {}))
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
