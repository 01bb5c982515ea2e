"""/mailbox: what the local mailbox transport received, as the recipient sees it."""

import ipaddress
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from emails import mailbox
from survey import auth
from survey.config import EmailTransport
from survey.db import begin_reading, db
from survey.paging import page_number
from survey.runtime import settings
from survey.security import allow_in_policy

TABS = ("html", "text", "headers")
# An email is painted with style attributes, so its own frame needs them; it gets no script, no form, no network.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

blueprint = auth.public(
    Blueprint("mailbox", __name__, url_prefix="/mailbox"),
    "exists only with the mailbox transport; from another machine it asks for a sign-in",
)


@blueprint.before_request
def only_with_this_transport() -> ResponseReturnValue | None:
    """The mailbox holds sign-in links, so beyond the machine itself it is for people with an account."""
    if settings().transport is not EmailTransport.MAILBOX:
        abort(404)
    if not db.session.in_transaction():
        begin_reading(db.session)
    here = _is_loopback(urlsplit(settings().base_url).hostname) and _is_loopback(request.remote_addr)
    return None if here or auth.can("viewer") else auth.to_login()


@blueprint.get("/")
def index() -> ResponseReturnValue:
    search = request.args.get("q", "").strip()
    page = mailbox.list_messages(db.session, search, page_number(request.args.get("page")))
    return render_template("mailbox/index.html", page=page, search=search)


@blueprint.get("/<int:message_id>")
def show(message_id: int) -> ResponseReturnValue:
    tab = request.args.get("tab", "html")
    letter = mailbox.get_letter(db.session, message_id)
    allow_in_policy(frame_src="'self'")
    return render_template("mailbox/show.html", letter=letter, tab=tab if tab in TABS else "html")


@blueprint.get("/<int:message_id>/html")
def body(message_id: int) -> Response:
    """The HTML part alone, for the sandboxed frame."""
    letter = mailbox.get_letter(db.session, message_id)
    allow_in_policy(frame_ancestors="'self'")
    response = make_response(letter.html.replace("<head>", '<head><base target="_blank">', 1))
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
